// Draws a whole avatar: texture, residual, light; blended premultiplied source-over.
// One instance a draw list; the corners of all parts follow each other in z-order, and the
// triangles of one instance are blended in that order.

@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> lists: array<List>;
@group(0) @binding(3) var<storage, read> vertices: array<Vertex>;
@group(0) @binding(4) var<storage, read> points: array<vec2f>;
@group(0) @binding(5) var colours: texture_2d_array<f32>;
@group(0) @binding(6) var normals: texture_2d_array<f32>;
@group(0) @binding(7) var sums: texture_2d_array<f32>;
@group(0) @binding(8) var linear: sampler;

const CHANGED = 1u;
const LIT = 2u;
const ROUNDED_HALF = 0.5002;   // so that a rect that ends at a texel's centre does so in float32 too

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) place: vec4f,                          // in the atlas, and in the texture
    @location(1) @interpolate(flat) numbers: vec4u,     // draw list, job, page of the atlas, flags
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) list: u32) -> Corner {
    let corner = vertices[index];
    let job = list * arrayLength(&parts) + corner.part;
    let level = jobs[job].level;
    if (level.page == NOWHERE) {
        return Corner(vec4f(0.0, 0.0, 0.0, 1.0), vec4f(0.0), vec4u(0u));
    }
    let at = points[list * arrayLength(&vertices) + index];
    let clip = vec2f(2.0, -2.0) * at / lists[list].size + vec2f(-1.0, 1.0);
    let texel = level.place + corner.uv * level.size;
    let place = vec4f(texel / vec2f(textureDimensions(colours)), corner.uv);
    // Flags, so that fragments without residual or light read no buffer.
    let flags = select(0u, CHANGED, jobs[job].residual_count != 0u) | select(0u, LIT, jobs[job].lit != 0u);
    return Corner(vec4f(clip, 0.0, 1.0), place, vec4u(list, job, level.page, flags));
}

// A residual changes the texels whose centres lie in its rect. So within a texture it ends in a
// ramp of one texel; at the texture's edges it does not, since they are repeated beyond.
fn residual(list: u32, job: u32, uv: vec2f) -> vec3f {
    let part = parts[job - list * arrayLength(&parts)];
    let size = jobs[job].level.size;
    let start = part.rect.xy * size;
    let first = max(ceil(start - ROUNDED_HALF), vec2f(0.0));
    let end = min(ceil(start + part.rect.zw * size - ROUNDED_HALF), size);
    let texel = clamp(uv * size, vec2f(0.5), size - 0.5);
    let ramp = clamp(min(texel - first, end - texel) + 0.5, vec2f(0.0), vec2f(1.0));
    if (any(first >= end) || any(ramp <= vec2f(0.0))) {
        return vec3f(0.0);
    }
    let within = (clamp(texel, first + 0.5, end - 0.5) - start) / (part.rect.zw * size);
    let at = part.cell.xy + clamp(within * part.cell.zw, vec2f(0.5), part.cell.zw - 0.5);
    let change = textureSampleLevel(sums, linear, at / vec2f(textureDimensions(sums)), list, 0.0);
    return ramp.x * ramp.y * change.rgb;
}

fn irradiance(list: u32, n: vec2f) -> vec3f {
    let z = sqrt(max(1.0 - dot(n, n), 0.0));
    var light = lists[list].light[0] + lists[list].light[1] * n.x + lists[list].light[2] * n.y;
    light += lists[list].light[3] * z + lists[list].light[4] * n.x * n.y;
    light += lists[list].light[5] * n.x * z + lists[list].light[6] * n.y * z;
    light += lists[list].light[7] * n.x * n.x + lists[list].light[8] * n.y * n.y;
    return max(light.rgb, vec3f(0.0));
}

@fragment
fn fragment(corner: Corner) -> @location(0) vec4f {
    let list = corner.numbers.x;
    let page = corner.numbers.z;
    let flags = corner.numbers.w;
    let texel = textureSampleLevel(colours, linear, corner.place.xy, page, 0.0);
    var colour = texel.rgb;
    if ((flags & CHANGED) != 0u) {
        let change = residual(list, corner.numbers.y, corner.place.zw);
        colour = clamp(colour + texel.a * change, vec3f(0.0), vec3f(texel.a));
    }
    if ((flags & LIT) != 0u) {
        let job = corner.numbers.y;
        let normal = textureSampleLevel(normals, linear, corner.place.xy, page, 0.0).xy;
        let turn = vec2f(jobs[job].row_x.w, jobs[job].row_y.w);
        let turned = vec2f(
            turn.x * normal.x - turn.y * normal.y,
            turn.y * normal.x + turn.x * normal.y,
        );
        colour = min(colour * irradiance(list, turned), vec3f(texel.a));
    }
    return vec4f(colour, texel.a);
}
