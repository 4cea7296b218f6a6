"""Comments, through the real client and raw."""

import pytest
from sandbox_world import ADA, BASE, BOB, PEOPLE

from dq import sandbox
from dq.sandbox import tokens
from dq.sandbox.tokens import Token, Tokens


def test_a_comment_lives(people, clock):
    made = people.add_comment(ADA, "hello @[usrSomebody000001]")
    clock.sleep(1)
    reply = people.add_comment(ADA, "hi", parent_comment_id=made.id)
    newest, first = people.comments(ADA)
    assert (newest.id, newest.parent_comment_id, first.id) == (reply.id, made.id, made.id)
    assert first.author.id == tokens.USER_ID
    assert list(first.mentioned) == ["usrSomebody000001"]
    assert first.last_updated_time is None
    clock.sleep(1)
    first.text = "changed"
    first.save()
    assert [comment.text for comment in people.comments(ADA)] == ["hi", "changed"]
    assert people.comments(ADA)[1].last_updated_time is not None
    newest.delete()
    assert [comment.id for comment in people.comments(ADA)] == [made.id]
    assert people.comments(BOB) == []


def test_counts_stand_beside_records(people):
    for _ in range(2):
        people.add_comment(ADA, "x")
    counts = {record["id"]: record["commentCount"] for record in people.all(count_comments=True)}
    assert (counts[ADA], counts[BOB]) == (2, 0)


def test_pages_of_comments(server, people):
    ids = [people.add_comment(ADA, str(n)).id for n in range(5)]
    path = f"/v0/{BASE}/{PEOPLE}/{ADA}/comments"
    seen, offset = [], None
    while True:
        page = server.ask("GET", path, params={"pageSize": 2, **({"offset": offset} if offset else {})}).json()
        seen += [comment["id"] for comment in page["comments"]]
        offset = page["offset"]
        if offset is None:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("verb", "tail", "body", "status"),
    [
        ("POST", f"/{ADA}/comments", {}, 422),
        ("POST", f"/{ADA}/comments", {"text": ""}, 422),
        ("POST", f"/{ADA}/comments", {"text": "x", "parentCommentId": "comNone"}, 422),
        ("POST", "/recNone/comments", {"text": "x"}, 404),
        ("PATCH", f"/{ADA}/comments/comNone", {"text": "x"}, 404),
        ("DELETE", f"/{ADA}/comments/comNone", None, 404),
        ("GET", f"/{ADA}/comments?pageSize=0", None, 422),
        ("GET", f"/{ADA}/comments?offset=x", None, 422),
    ],
)
def test_refusals(server, verb, tail, body, status):
    assert server.people(verb, body, tail=tail).status_code == status


def test_only_the_author_changes_and_a_creator_may_delete(data, serve_with):
    def token(name, role):
        return Token(name, name, None, {BASE: role}, f"usr{name}")

    server = serve_with(data, rps=0, tokens=Tokens((token("a", "comment"), token("b", "edit"), token("c", "create"))))

    def ask(verb, tail, secret, body=None):
        headers = {"Authorization": f"Bearer {secret}"}
        return server.people(verb, body, tail=f"/{ADA}/comments{tail}", headers=headers)

    made = ask("POST", "", "a", {"text": "mine"}).json()["id"]
    assert ask("PATCH", f"/{made}", "b", {"text": "yours"}).json()["error"]["type"] == "INVALID_PERMISSIONS"
    assert ask("DELETE", f"/{made}", "b").status_code == 403
    assert ask("DELETE", f"/{made}", "c").json() == {"id": made, "deleted": True}


def test_a_reload_takes_comments_away(data, people):
    people.add_comment(ADA, "x")
    sandbox.load(sandbox.dump(data), data)
    assert people.comments(ADA) == []
