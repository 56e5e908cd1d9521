"""Elements: text stays text, and the little of CommonMark that we write becomes markup."""

from api.markup import el, joined, prose


def test_an_element_keeps_text_apart_from_markup():
    assert el("p", "<", el("b", "&"), class_='"', aria_label="x") == (
        '<p class="&quot;" aria-label="x">&lt;<b>&amp;</b></p>'
    )
    assert joined("<", el("i", ">")) == "&lt;<i>&gt;</i>"


def test_the_little_of_commonmark_that_we_write_is_read():
    text = "One `x<y`\nline.\n\n## A Head\n\n- one\n  more\n- `two`\n\n    $ a\n      b"

    assert prose(text) == (
        '<p>One <code>x&lt;y</code>\nline.</p><h2 id="a-head">A Head</h2>'
        "<ul><li>one\n  more</li><li><code>two</code></li></ul>"
        "<pre><code>$ a\n  b</code></pre>"
    )
