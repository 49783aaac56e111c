// Sums the active vertex deltas of every draw list, and places the vertices in frame pixels.
// One thread a vertex (x) and draw list (y).

@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> jobs: array<Job>;
@group(0) @binding(2) var<storage, read> actives: array<Active>;
@group(0) @binding(3) var<storage, read> vertices: array<Vertex>;
@group(0) @binding(4) var<storage, read> deltas: array<u32>;
@group(0) @binding(5) var<storage, read_write> points: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let count = arrayLength(&vertices);
    if (id.x >= count) {
        return;
    }
    let vertex = vertices[id.x];
    let job = id.y * arrayLength(&parts) + vertex.part;
    let step = parts[vertex.part].vertex_count;
    let column = parts[vertex.part].delta_first + id.x - parts[vertex.part].vertex_first;
    let start = jobs[job].delta_start;
    let end = start + jobs[job].delta_count;
    var at = vertex.rest;
    for (var i = start; i < end; i++) {
        at += actives[i].weight * unpack2x16float(deltas[column + actives[i].row * step]);
    }
    let homogeneous = vec3f(at, 1.0);
    let moved = vec2f(
        dot(jobs[job].row_x.xyz, homogeneous),
        dot(jobs[job].row_y.xyz, homogeneous),
    );
    points[id.y * count + id.x] = floor(moved * 256.0 + 0.5) / 256.0;
}
