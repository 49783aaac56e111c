// Sums the active residuals of every draw list, once, into a layer of a small texture.
// One thread a texel (x, y) and draw list (z); what no part asks for is not written, nor sampled.

@group(0) @binding(0) var<storage, read> patches: array<Patch>;
@group(0) @binding(1) var<storage, read> parts: array<Part>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read> actives: array<Active>;
@group(0) @binding(4) var<storage, read> residuals: array<u32>;
@group(0) @binding(5) var sums: texture_storage_2d_array<rgba16float, write>;

fn halves(word: u32) -> vec2u {
    return vec2u(word & 0xffffu, word >> 16u);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    for (var k = 0u; k < arrayLength(&patches); k++) {
        let cell = patches[k].cell;
        if (any(id.xy < cell.xy) || any(id.xy >= cell.xy + cell.zw)) {
            continue;
        }
        let job = id.z * arrayLength(&parts) + patches[k].part;
        let count = jobs[job].residual_count;
        if (count == 0u) {
            return;
        }
        let within = id.xy - cell.xy;
        let start = jobs[job].residual_start;
        var total = vec4f(0.0);
        for (var i = start; i < start + count; i++) {
            // Left and top, width and height of what is not 0; then its texels.
            let first = actives[i].row;
            let at = within - halves(residuals[first]);   // huge where that is beyond
            let size = halves(residuals[first + 1u]);
            if (all(at < size)) {
                let texel = residuals[first + 2u + at.y * size.x + at.x];
                total += actives[i].weight * unpack4x8snorm(texel);
            }
        }
        textureStore(sums, id.xy, id.z, total);
        return;
    }
}
