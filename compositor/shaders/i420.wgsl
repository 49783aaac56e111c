// Converts a picture to I420 through the grading table. One thread writes four bytes.
// The integers are those of the CPU backend: BT.601, limited range, chroma of 2 x 2 means.

struct Frame {
    width: u32,
    height: u32,
    first_word: u32,   // of this frame in `frames`
    words: u32,
    table: u32,        // number of its grading table
    columns: u32,      // threads in a row of work groups
}

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var<uniform> frame: Frame;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read_write> frames: array<u32>;

fn colour(x: u32, y: u32) -> vec3i {
    let raw = vec3u(round(textureLoad(picture, vec2u(x, y), 0).rgb * 255.0)) + frame.table * 256u;
    return vec3i(vec3u(
        tables[raw.r] & 255u,
        (tables[raw.g] >> 8u) & 255u,
        (tables[raw.b] >> 16u) & 255u,
    ));
}

fn byte_at(index: u32) -> u32 {
    let luma_bytes = frame.width * frame.height;
    if (index < luma_bytes) {
        let c = colour(index % frame.width, index / frame.width);
        return u32(((66 * c.r + 129 * c.g + 25 * c.b + 128) >> 8u) + 16);
    }
    let chroma_bytes = luma_bytes / 4u;
    let in_plane = (index - luma_bytes) % chroma_bytes;
    let x = in_plane % (frame.width / 2u) * 2u;
    let y = in_plane / (frame.width / 2u) * 2u;
    let c = colour(x, y) + colour(x + 1u, y) + colour(x, y + 1u) + colour(x + 1u, y + 1u);
    if (index < luma_bytes + chroma_bytes) {
        return u32(((112 * c.b - 38 * c.r - 74 * c.g + 512) >> 10u) + 128);
    }
    return u32(((112 * c.r - 94 * c.g - 18 * c.b + 512) >> 10u) + 128);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let word = id.y * frame.columns + id.x;
    if (word >= frame.words) {
        return;
    }
    let end = frame.width * frame.height * 3u / 2u;
    var packed = 0u;
    for (var k = 0u; k < 4u; k++) {
        let index = word * 4u + k;
        if (index < end) {
            packed |= byte_at(index) << (8u * k);
        }
    }
    frames[frame.first_word + word] = packed;
}
