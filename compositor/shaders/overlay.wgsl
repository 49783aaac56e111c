// Lays frames of clips over the picture: two at most, mixed as one layer.
// One instance an overlay, a quad that is a little larger than its frames; each pixel asks whether
// its centre lies in them.

struct Share {
    rect: vec4f,      // left, top, width, height on the canvas
    level: Level,     // where the frame lies
    weight: f32,
    unused: f32,
}

struct Overlay {
    row_x: vec4f,     // a, b, c of x' = a x + b y + c, from canvas to frame
    row_y: vec4f,     // d, e, f of y' = d x + e y + f
    box: vec4f,       // left, top, right, bottom of the quad on the canvas
    size: vec2f,      // of the frame that is drawn
    unused: vec2f,
    shares: array<Share, 2>,
}

@group(0) @binding(0) var<storage, read> overlays: array<Overlay>;
@group(0) @binding(1) var colours: texture_2d_array<f32>;
@group(0) @binding(2) var linear: sampler;

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) at: vec2f,                             // on the canvas
    @location(1) @interpolate(flat) overlay: u32,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) number: u32) -> Corner {
    let box = overlays[number].box;
    let at = vec2f(
        select(box.x, box.z, (index & 1u) != 0u),
        select(box.y, box.w, (index & 2u) != 0u),
    );
    let homogeneous = vec3f(at, 1.0);
    let moved = vec2f(
        dot(overlays[number].row_x.xyz, homogeneous),
        dot(overlays[number].row_y.xyz, homogeneous),
    );
    let clip = vec2f(2.0, -2.0) * moved / overlays[number].size + vec2f(-1.0, 1.0);
    return Corner(vec4f(clip, 0.0, 1.0), at, number);
}

fn mixed(corner: Corner) -> vec4f {
    var total = vec4f(0.0);
    for (var k = 0u; k < 2u; k++) {
        let share = overlays[corner.overlay].shares[k];
        let within = (corner.at - share.rect.xy) / share.rect.zw;
        if (share.level.page == NOWHERE || any(within < vec2f(0.0)) || any(within >= vec2f(1.0))) {
            continue;
        }
        let texel = share.level.place + within * share.level.size;
        let place = texel / vec2f(textureDimensions(colours));
        total += share.weight * textureSampleLevel(colours, linear, place, share.level.page, 0.0);
    }
    return total;
}

// Override and additive: the blending of the pipeline does the rest.
@fragment
fn fragment(corner: Corner) -> @location(0) vec4f {
    return mixed(corner);
}

// What multiplies the colours that are there.
@fragment
fn factor(corner: Corner) -> @location(0) vec4f {
    let frame = mixed(corner);
    return vec4f(min(1.0 - frame.a + frame.rgb, vec3f(1.0)), 1.0);
}
