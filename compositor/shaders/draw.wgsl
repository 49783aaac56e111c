// Draws the triangles of one part: texture, residual, light; blended premultiplied source-over.

@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> corners: array<u32>;
@group(0) @binding(3) var<storage, read> uvs: array<vec2f>;
@group(0) @binding(4) var<storage, read> points: array<vec2f>;
@group(0) @binding(5) var<storage, read> sums: array<vec4f>;
@group(0) @binding(6) var linear: sampler;
@group(1) @binding(0) var colours: texture_2d<f32>;
@group(1) @binding(1) var normals: texture_2d<f32>;

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) uv: vec2f,
    @location(1) @interpolate(flat) job: u32,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) job: u32) -> Corner {
    let last = parts[arrayLength(&parts) - 1u];
    let corner = corners[index];
    let at = points[jobs[job].list * (last.vertex_first + last.vertex_count) + corner];
    let size = vec2f(jobs[job].row_x.w, jobs[job].row_y.w);
    let clip = vec2f(2.0, -2.0) * at / size + vec2f(-1.0, 1.0);
    return Corner(vec4f(clip, 0.0, 1.0), uvs[corner], job);
}

fn residual(job: u32, uv: vec2f) -> vec3f {
    let part = parts[jobs[job].part];
    let at = (uv - part.rect.xy) / part.rect.zw;
    if (jobs[job].residual_count == 0u || any(at < vec2f(0.0)) || any(at >= vec2f(1.0))) {
        return vec3f(0.0);
    }
    let last = parts[arrayLength(&parts) - 1u];
    let texels = last.residual_first + last.residual_columns * last.residual_rows;
    let first = jobs[job].list * texels + part.residual_first;
    let size = vec2u(part.residual_columns, part.residual_rows);
    let place = clamp(at * vec2f(size) - 0.5, vec2f(0.0), vec2f(size - 1u));
    let low = vec2u(place);
    let high = min(low + 1u, size - 1u);
    let share = place - vec2f(low);
    let upper = mix(sums[first + low.y * size.x + low.x], sums[first + low.y * size.x + high.x], share.x);
    let lower = mix(sums[first + high.y * size.x + low.x], sums[first + high.y * size.x + high.x], share.x);
    return mix(upper, lower, share.y).rgb;
}

fn irradiance(job: u32, n: vec2f) -> vec3f {
    let z = sqrt(max(1.0 - dot(n, n), 0.0));
    var light = jobs[job].light[0] + jobs[job].light[1] * n.x + jobs[job].light[2] * n.y;
    light += jobs[job].light[3] * z + jobs[job].light[4] * n.x * n.y;
    light += jobs[job].light[5] * n.x * z + jobs[job].light[6] * n.y * z;
    light += jobs[job].light[7] * n.x * n.x + jobs[job].light[8] * n.y * n.y;
    return max(light.rgb, vec3f(0.0));
}

@fragment
fn fragment(corner: Corner) -> @location(0) vec4f {
    let texel = textureSample(colours, linear, corner.uv);
    let normal = textureSample(normals, linear, corner.uv).xy;
    var colour = texel.rgb;
    if (texel.a > 0.0) {
        colour = clamp(colour + texel.a * residual(corner.job, corner.uv), vec3f(0.0), vec3f(texel.a));
        if (jobs[corner.job].lit != 0u) {
            colour = min(colour * irradiance(corner.job, normal), vec3f(texel.a));
        }
    }
    return vec4f(colour, texel.a);
}
