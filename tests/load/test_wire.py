import pytest
from wire import Answer, Call, bearer, prepare, read_answer

INSTANCE = b"00000000-0000-4000-8000-000000000001"


def test_a_prepared_call_is_cut_where_its_hook_instance_stands() -> None:
    """The two pieces with a UUID between them are one POST whose content-length is that of the body."""
    call = prepare("/somewhere", b'{"hookInstance":"' + INSTANCE + b'"}', INSTANCE)

    head, body = (call.start + call.before + INSTANCE + call.after).split(b"\r\n\r\n")

    assert head.startswith(b"POST /somewhere HTTP/1.1\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert body == b'{"hookInstance":"' + INSTANCE + b'"}'


@pytest.mark.parametrize("body", [b"{}", INSTANCE + INSTANCE])
def test_a_hook_instance_must_stand_once_in_the_body(body: bytes) -> None:
    """Without it, or with it twice, the calls sent could not each get their own."""
    with pytest.raises(ValueError, match="hookInstance"):
        prepare("/", body, INSTANCE)


def test_an_answer_is_read_when_it_is_complete() -> None:
    """Status and body come back whatever the case of the header names."""
    data = b"HTTP/1.1 404 Not Found\r\nCONTENT-Length: 2\r\nx: y\r\n\r\nno"

    assert read_answer(data) == Answer(404, b"no")


@pytest.mark.parametrize("arrived", [10, 40, 41])
def test_a_partial_answer_is_waited_for(arrived: int) -> None:
    """Neither half a head nor half a body is an answer."""
    data = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour"

    assert read_answer(data[:arrived]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\ntwo",
        b"HTTP/1.1 ??? \r\ncontent-length: 0\r\n\r\n",
    ],
)
def test_an_answer_that_cannot_be_judged_is_refused(data: bytes) -> None:
    """No length, too many bytes or no status is an error, not a wait without end."""
    with pytest.raises(ValueError, match=r"content-length|invalid literal"):
        read_answer(data)


def test_a_token_goes_out_as_one_header_more() -> None:
    """Its line stands among the others, after the request line and before the body."""
    call = prepare("/somewhere", b'{"hookInstance":"' + INSTANCE + b'"}', INSTANCE)

    lines = (call.start + bearer(b"a.b.c") + call.before + INSTANCE + call.after).split(b"\r\n")

    assert lines[0] == b"POST /somewhere HTTP/1.1"
    assert b"Authorization: Bearer a.b.c" in lines[1 : lines.index(b"")]


def test_calls_are_immutable() -> None:
    """A call travels to other processes as three plain byte strings."""
    assert tuple(Call(b"a", b"b", b"c")) == (b"a", b"b", b"c")
