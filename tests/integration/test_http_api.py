import json
from pathlib import Path

from tests.integration.running import HELLO, UNKNOWN, Running, is_error, made, run


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        for method, path in (
            ("GET", f"/api/sessions/{UNKNOWN}"),
            ("DELETE", f"/api/sessions/{UNKNOWN}"),
            ("POST", f"/api/sessions/{UNKNOWN}/events"),
            ("POST", f"/api/sessions/{UNKNOWN}/offer"),
            ("GET", "/api/library/capsules/VF_NOT_THERE"),
            ("GET", "/api/nothing"),
            ("GET", "/../../etc/passwd"),
        ):
            answer = await server.request(method, path, HELLO if method == "POST" else None)
            assert is_error(answer, 404, "NOT_FOUND", "")
        answer = await server.request("PUT", "/api/sessions", {})
        assert is_error(answer, 405, "UNIMPLEMENTED", "Method Not Allowed")

    run(tmp_path, test)


def test_library_is_listed_page_by_page(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        names: list[str] = []
        token = ""
        while True:
            path = f"/api/library/expressions?pageSize=25&pageToken={token}"
            page = (await server.request("GET", path)).json
            names += [one["name"] for one in page["expressions"]]
            token = page["nextPageToken"]
            if not token:
                break
        assert len(names) == len(set(names)) >= 40
        hands = await server.request("GET", "/api/library/capsules?layer=hand&pageSize=1000")
        assert {one["layer"] for one in hands.json["capsules"]} == {"LAYER_HAND"}
        same = await server.request("GET", "/api/library/capsules?layer=LAYER_HAND&pageSize=1000")
        assert same.json == hands.json
        answer = await server.request("GET", "/api/library/capsules?layer=LAYER_FOOT")
        assert is_error(answer, 400, "INVALID_ARGUMENT", "LAYER_FOOT", "layer")
        cid = hands.json["capsules"][0]["cid"]
        whole = await server.request("GET", f"/api/library/capsules/{cid}")
        assert json.loads(whole.json["json"])["cid"] == cid

    run(tmp_path, test)


def test_page_and_docs_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        for path in ("/", "/docs", "/docs/page.js", "/docs/style.css"):
            answer = await server.request("GET", path)
            assert answer.status == 200
            for start in (b'src="http', b'href="http', b"@import", b"//cdn"):
                assert start not in answer.body
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'self'" in answer.headers["content-security-policy"]

    run(tmp_path, test)


def test_docs_with_a_slash_are_the_docs(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("GET", "/docs/")
        assert (answer.status, answer.headers["location"]) == (307, "../docs")

    run(tmp_path, test)


def test_description_covers_the_api_and_refers_to_what_is_there(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        document = (await server.request("GET", "/openapi.json")).json
        assert set(document["paths"]) == {
            "/api/avatars",
            "/api/avatars/{name}",
            "/api/avatars/{name}/capsules/{cid}.png",
            "/api/avatars:detectLandmarks",
            "/api/conversations",
            "/api/conversations/{id}",
            "/api/conversations/{id}/messages",
            "/api/faults",
            "/api/governance",
            "/api/governance/orders",
            "/api/governance/reinstate",
            "/api/governance/revoke",
            "/api/governance/whitelist",
            "/api/health",
            "/api/judgements",
            "/api/judgements/{id}",
            "/api/library/capsules",
            "/api/library/capsules/{cid}",
            "/api/library/expressions",
            "/api/library/profiles",
            "/api/library/targets",
            "/api/me/memories",
            "/api/me/memories/{id}",
            "/api/memories",
            "/api/memories/{id}",
            "/api/messages/{id}",
            "/api/performance",
            "/api/personalities",
            "/api/sessions",
            "/api/sessions/{id}",
            "/api/sessions/{id}/audit",
            "/api/sessions/{id}/events",
            "/api/sessions/{id}/judgements",
            "/api/sessions/{id}/mood/explanation",
            "/api/sessions/{id}/offer",
            "/api/library/capsules:importTake",
            "/api/studies",
            "/api/studies/{name}/trial",
            "/api/studies/{name}/trials/{id}",
            "/api/studies/{name}:open",
            "/api/studies/{name}/participants",
            "/api/studies/{name}/results",
            "/api/studies/{name}/results.md",
            "/api/studies/{name}/trials/{id}/{side}.mp4",
            "/api/studies/{name}:close",
            "/api/studies/{name}",
            "/api/studies/{name}/definition",
            "/api/studies/{name}/ratings.csv",
            "/api/training/corpora",
            "/api/training/datasets/{id}",
            "/api/training/datasets/{id}/items",
            "/api/training/export",
            "/api/training/finetunes/{id}",
            "/api/training/finetunes/{id}/samples",
            "/api/training/items/{id}",
            "/api/training/mark-exported/{conversation_id}",
            "/api/training/projects",
            "/api/training/projects/{id}",
            "/api/training/projects/{id}/datasets",
            "/api/training/projects/{id}/finetunes",
            "/api/training/projects/{id}/prompts",
            "/api/training/stats",
            "/api/users",
            "/api/users/{id}",
            "/api/users/{id}/export",
            "/api/users/{id}/recall",
        }
        text = json.dumps(document)
        referred = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
        assert referred <= set(document["components"]["schemas"])
        assert {"Event", "SessionOptions", "Error"} <= referred

    run(tmp_path, test)


def test_health_tells_that_the_server_answers(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        await made(server)
        answer = (await server.request("GET", "/api/health")).json
        assert (answer["status"], answer["sessions"]) == ("SERVING", 1)

    run(tmp_path, test)
