// Sums the active bases of every draw list: vertices into frame pixels, residuals into colours.
// One thread a vertex and a residual texel (x), one row of threads a draw list (y).

@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> actives: array<Active>;
@group(0) @binding(3) var<storage, read> rest: array<vec2f>;
@group(0) @binding(4) var<storage, read> deltas: array<u32>;
@group(0) @binding(5) var<storage, read> residuals: array<u32>;
@group(0) @binding(6) var<storage, read_write> points: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> sums: array<vec4f>;

fn place(list: u32, vertex: u32, count: u32) {
    var k = 0u;
    while (vertex >= parts[k].vertex_first + parts[k].vertex_count) {
        k++;
    }
    let part = parts[k];
    let job = list * arrayLength(&parts) + k;
    var at = rest[vertex];
    let start = jobs[job].delta_start;
    for (var i = start; i < start + jobs[job].delta_count; i++) {
        let row = part.delta_first + actives[i].row * part.vertex_count;
        at += actives[i].weight * unpack2x16float(deltas[row + vertex - part.vertex_first]);
    }
    let homogeneous = vec3f(at, 1.0);
    let moved = vec2f(
        dot(jobs[job].row_x.xyz, homogeneous),
        dot(jobs[job].row_y.xyz, homogeneous),
    );
    points[list * count + vertex] = floor(moved * 256.0 + 0.5) / 256.0;
}

fn sum(list: u32, texel: u32, count: u32) {
    var k = 0u;
    while (texel >= parts[k].residual_first + parts[k].residual_columns * parts[k].residual_rows) {
        k++;
    }
    let part = parts[k];
    let size = part.residual_columns * part.residual_rows;
    let job = list * arrayLength(&parts) + k;
    var total = vec4f(0.0);
    let start = jobs[job].residual_start;
    for (var i = start; i < start + jobs[job].residual_count; i++) {
        let row = part.residual_source + actives[i].row * size;
        total += actives[i].weight * unpack4x8snorm(residuals[row + texel - part.residual_first]);
    }
    sums[list * count + texel] = total;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let last = parts[arrayLength(&parts) - 1u];
    let vertices = last.vertex_first + last.vertex_count;
    let texels = last.residual_first + last.residual_columns * last.residual_rows;
    if (id.x < vertices) {
        place(id.y, id.x, vertices);
    }
    if (id.x < texels) {
        sum(id.y, id.x, texels);
    }
}
