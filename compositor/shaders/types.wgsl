// What the other shaders share; put before each of them.

// One part of an avatar, as it was loaded.
struct Part {
    vertex_first: u32,
    vertex_count: u32,
    delta_first: u32,      // in the deltas of the whole avatar
    residual_first: u32,   // in the summed residuals of one draw list, texels
    residual_columns: u32,
    residual_rows: u32,
    residual_source: u32,  // in the residuals of the whole avatar, texels
    unused: u32,
    rect: vec4f,           // where residuals lie: left, top, width, height in uv
}

// What one draw list asks of one part; job = draw list * number of parts + part.
struct Job {
    row_x: vec4f,             // a, b, c of x' = a x + b y + c, and the frame's width
    row_y: vec4f,             // d, e, f of y' = d x + e y + f, and the frame's height
    light: array<vec4f, 9>,   // factors of 1, x, y, z, xy, xz, yz, x², y² of a normal
    delta_start: u32,         // of its active bases
    delta_count: u32,
    residual_start: u32,
    residual_count: u32,
    lit: u32,
    list: u32,                // number of its draw list
    part: u32,
    unused: u32,
}

struct Active {
    row: u32,
    weight: f32,
}
