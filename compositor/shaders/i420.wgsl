// Converts the frames of a picture to I420 through their grading tables.
// The integers are those of the CPU backend: BT.601, limited range, chroma of 2 x 2 means.
// A frame with coverage is twice as wide as its cell: colour, then coverage as luma.
// Where a cell's width is a multiple of 8, one thread converts 8 x 2 of its pixels; elsewhere one
// thread writes one word of four bytes. Frames lie in z.

struct Frame {
    place: vec2u,      // of its cell in the picture
    size: vec2u,       // of its cell
    first_word: u32,   // in `frames`
    table: u32,        // number of its grading table
    columns: u32,      // threads in a row of work groups
    covered: u32,      // 1 for a frame with coverage, else 0
}

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var<storage, read> list: array<Frame>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read_write> frames: array<u32>;

fn graded(frame: Frame, straight: vec3u) -> vec3u {
    if (frame.table == 0u) {   // which changes nothing
        return straight;
    }
    let raw = straight + frame.table * 256u;
    return vec3u(
        tables[raw.r] & 255u,
        (tables[raw.g] >> 8u) & 255u,
        (tables[raw.b] >> 16u) & 255u,
    );
}

fn pixel(frame: Frame, x: u32, y: u32) -> vec4u {
    return vec4u(round(textureLoad(picture, frame.place + vec2u(x, y), 0) * 255.0));
}

fn colour(frame: Frame, p: vec4u) -> vec3i {
    if (frame.covered == 0u) {
        return vec3i(graded(frame, p.rgb));
    }
    if (p.a == 0u) {
        return vec3i(0);
    }
    let straight = min((p.rgb * 255u + (p.a >> 1u)) / p.a, vec3u(255u));
    return vec3i((graded(frame, straight) * p.a + 127u) / 255u);
}

fn luma(c: vec3i) -> u32 {
    return u32(((66 * c.r + 129 * c.g + 25 * c.b + 128) >> 8u) + 16);
}

fn matte(p: vec4u) -> u32 {
    return 16u + (219u * p.a + 127u) / 255u;
}

// Both take the sum of four colours.
fn chroma_u(c: vec3i) -> u32 {
    return u32(((112 * c.b - 38 * c.r - 74 * c.g + 512) >> 10u) + 128);
}

fn chroma_v(c: vec3i) -> u32 {
    return u32(((112 * c.r - 94 * c.g - 18 * c.b + 512) >> 10u) + 128);
}

fn block(frame: Frame, index: u32) {
    let across = frame.size.x / 8u;
    let column = index % across;
    let row = index / across;
    if (row >= frame.size.y / 2u) {
        return;
    }
    let stride = across << frame.covered;   // words in a row of chroma; luma has twice as many
    let upper_word = frame.first_word + (row * stride * 2u + column) * 2u;
    let lower_word = upper_word + stride * 2u;
    var u = 0u;
    var v = 0u;
    for (var side = 0u; side < 2u; side++) {
        var upper = 0u;
        var lower = 0u;
        var upper_matte = 0u;
        var lower_matte = 0u;
        for (var pair = 0u; pair < 2u; pair++) {
            let x = column * 8u + side * 4u + pair * 2u;
            let shift = pair * 16u;
            let a = pixel(frame, x, row * 2u);
            let b = pixel(frame, x + 1u, row * 2u);
            let c = pixel(frame, x, row * 2u + 1u);
            let d = pixel(frame, x + 1u, row * 2u + 1u);
            let ca = colour(frame, a);
            let cb = colour(frame, b);
            let cc = colour(frame, c);
            let cd = colour(frame, d);
            upper |= (luma(ca) << shift) | (luma(cb) << (shift + 8u));
            lower |= (luma(cc) << shift) | (luma(cd) << (shift + 8u));
            upper_matte |= (matte(a) << shift) | (matte(b) << (shift + 8u));
            lower_matte |= (matte(c) << shift) | (matte(d) << (shift + 8u));
            let sum = ca + cb + cc + cd;
            u |= chroma_u(sum) << (side * 16u + pair * 8u);
            v |= chroma_v(sum) << (side * 16u + pair * 8u);
        }
        frames[upper_word + side] = upper;
        frames[lower_word + side] = lower;
        if (frame.covered != 0u) {
            frames[upper_word + across * 2u + side] = upper_matte;
            frames[lower_word + across * 2u + side] = lower_matte;
        }
    }
    let u_word = frame.first_word + stride * 2u * frame.size.y + row * stride + column;
    let v_word = u_word + stride * frame.size.y / 2u;
    frames[u_word] = u;
    frames[v_word] = v;
    if (frame.covered != 0u) {
        frames[u_word + across] = 0x80808080u;
        frames[v_word + across] = 0x80808080u;
    }
}

fn byte_at(frame: Frame, index: u32) -> u32 {
    let width = frame.size.x << frame.covered;
    let luma_bytes = width * frame.size.y;
    if (index < luma_bytes) {
        let column = index % width;
        let row = index / width;
        if (column >= frame.size.x) {
            return matte(pixel(frame, column - frame.size.x, row));
        }
        return luma(colour(frame, pixel(frame, column, row)));
    }
    let chroma_bytes = luma_bytes / 4u;
    let in_plane = (index - luma_bytes) % chroma_bytes;
    let x = in_plane % (width / 2u) * 2u;
    let y = in_plane / (width / 2u) * 2u;
    if (x >= frame.size.x) {
        return 128u;
    }
    let sum = colour(frame, pixel(frame, x, y)) + colour(frame, pixel(frame, x + 1u, y))
        + colour(frame, pixel(frame, x, y + 1u)) + colour(frame, pixel(frame, x + 1u, y + 1u));
    if (index < luma_bytes + chroma_bytes) {
        return chroma_u(sum);
    }
    return chroma_v(sum);
}

fn word(frame: Frame, index: u32) {
    let end = (frame.size.x << frame.covered) * frame.size.y * 3u / 2u;
    if (index * 4u >= end) {
        return;
    }
    var packed = 0u;
    for (var k = 0u; k < 4u; k++) {
        if (index * 4u + k < end) {
            packed |= byte_at(frame, index * 4u + k) << (8u * k);
        }
    }
    frames[frame.first_word + index] = packed;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let frame = list[id.z];
    let index = id.y * frame.columns + id.x;
    if (frame.size.x % 8u == 0u) {
        block(frame, index);
    } else {
        word(frame, index);
    }
}
