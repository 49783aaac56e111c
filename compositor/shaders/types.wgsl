// What the other shaders share; put before each of them.

// One part of an avatar, as it was loaded.
struct Part {
    vertex_first: u32,
    vertex_count: u32,
    delta_first: u32,      // in the deltas of the whole avatar
    unused: u32,
    rect: vec4f,           // where residuals lie: left, top, width, height in uv
    cell: vec4f,           // where they are summed: left, top, width, height in texels
}

// Where the residuals of one part are summed.
struct Patch {
    part: u32,
    unused: array<u32, 3>,
    cell: vec4u,           // left, top, width, height in texels
}

struct Vertex {
    rest: vec2f,
    uv: vec2f,
    part: u32,
    unused: u32,
}

// A texture level of a part, or a frame of a clip: where it lies in the atlas, in texels.
struct Level {
    place: vec2f,
    size: vec2f,
    page: u32,             // its layer, or NOWHERE
    unused: u32,
}

const NOWHERE = 0xffffffffu;   // nothing of it is resident, and it is not drawn

// What all parts of one draw list share.
struct List {
    light: array<vec4f, 9>,   // factors of 1, x, y, z, xy, xz, yz, x², y² of a normal
    size: vec2f,              // of the frame
    unused: vec2f,
}

// What one draw list asks of one part; job = draw list * number of parts + part.
struct Job {
    row_x: vec4f,             // a, b, c of x' = a x + b y + c; cosine of the part's own turn
    row_y: vec4f,             // d, e, f of y' = d x + e y + f; its sine
    delta_start: u32,         // of its active bases
    delta_count: u32,
    residual_start: u32,
    residual_count: u32,
    level: Level,
    lit: u32,
    unused: u32,
}

struct Active {
    row: u32,                 // of a vertex delta, or the first word of a residual
    weight: f32,
}
