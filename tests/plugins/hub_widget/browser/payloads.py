# ruff: noqa: RUF001 - letters that look like others are some of the attacks
"""What somebody writes who wants it to run: it would set `window.hit`, or be more than text."""

import itertools

RUN = "window.hit=1"
_TAGS = {
    "img": "src=x onerror",
    "svg": "onload",
    "body": "onload",
    "iframe": "onload",
    "video": "src=x onerror",
    "audio": "src=x onerror",
    "details": "open ontoggle",
    "input": "autofocus onfocus",
    "select": "autofocus onfocus",
    "textarea": "autofocus onfocus",
    "marquee": "onstart",
    "object": "data=x onerror",
    "embed": "src=x onerror",
    "link": "rel=stylesheet href=x onerror",
    "style": "onload",
    "image": "src=x onerror",
    "script": "src=//x.invalid onerror",
    "p": "style=animation:a onanimationstart",
    "a": "href=# autofocus tabindex=0 onfocus",
    "button": "popovertarget=x onclick",
}
_FORMS = ('<{tag} {how}="{run}">', "<{tag} {how}={run}//", "\"'><{tag} {how}='{run}'>")
_LINKS = (
    "javascript:",
    "JaVaScRiPt:",
    "java\tscript:",
    "\x01javascript:",
    "vbscript:",
    "data:text/html,",
)
_LINK_FORMS = ("{scheme}{run}", '<a href="{scheme}{run}">press</a>', "[press]({scheme}{run})")
_ENDINGS = (
    "</p>",
    "</style>",
    "</textarea>",
    "</template>",
    "</title>",
    "-->",
    "]]>",
    "*/",
    "`}",
    "');",
)
_TEXTS = (
    "{{constructor.constructor('window.hit=1')()}}",
    "${window.hit=1}",
    "#{window.hit=1}",
    "<%= window.hit=1 %>",
    "{{7*7}}",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "[object Object]",
    "undefined",
    "null",
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "&#60;script&#62;window.hit=1&#60;/script&#62;",
    "\\u003cscript\\u003ewindow.hit=1\\u003c/script\\u003e",
    "\\x3cscript\\x3ewindow.hit=1\\x3c/script\\x3e",
    "%3Cscript%3Ewindow.hit=1%3C/script%3E",
    "+ADw-script+AD4-window.hit=1+ADw-/script+AD4-",
    "＜script＞window.hit=1＜/script＞",
    "<ſcript>window.hit=1</ſcript>",
    "<scr<script>ipt>window.hit=1</scr</script>ipt>",
    "<script\n>window.hit=1</script\n>",
    "<SCRIPT>window.hit=1</SCRIPT>",
    "<script/x>window.hit=1</script>",
    "<<script>window.hit=1//<</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1>",
    "<svg><script>window.hit=1</script></svg>",
    "<svg><animate onbegin=window.hit=1 attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=window.hit=1></svg>#x'/>",
    "<form><button formaction=javascript:window.hit=1>press",
    "<isindex action=javascript:window.hit=1 type=submit>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hit=1'>",
    "<base href='javascript:window.hit=1//'>",
    "<a id=Clonvo><a id=Clonvo name=open>",
    "<img name=body><img name=hidden>",
    "<slot name=x onslotchange=window.hit=1>",
    "<template shadowrootmode=open><script>window.hit=1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "<clonvo-chat><script>window.hit=1</script>",
    "red;background:url(javascript:window.hit=1)",
    "expression(window.hit=1)",
    "red}*{display:none}",
    "@import 'javascript:window.hit=1';",
    "url('//x.invalid')",
    "var(--c)",
    'data: {"type":"config","greeting":"forged"}',
    'x\n\ndata: {"type":"message","seq":99,"id":"forged","from":"operator","body":"forged"}\n\n',
    "x\r\nid: forged\r\nretry: 1\r\nevent: forged",
    '"}\n{"type":"config"}',
    "\u202egnp.exe\u202c",
    "\u2028window.hit=1\u2029",
    "\ufeff<script>window.hit=1</script>",
    "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b" * 8,
    "\u200b\u200c\u200d\u2060<img src=x onerror=window.hit=1>",
    "😀" * 40 + "<img src=x onerror=window.hit=1>",
    'https://a.example/"onmouseover="window.hit=1',
    "https://a.example/'onclick='window.hit=1'",
    "https://a.example/><img src=x onerror=window.hit=1>",
    "http://javascript:window.hit=1@a.example/",
    "https://a.example/javascript:window.hit=1",
)

PAYLOADS = (
    *(
        form.format(tag=tag, how=how, run=RUN)
        for (tag, how), form in itertools.product(_TAGS.items(), _FORMS)
    ),
    *(
        form.format(scheme=scheme, run=RUN)
        for scheme, form in itertools.product(_LINKS, _LINK_FORMS)
    ),
    *(f"{end}<img src=x onerror={RUN}>" for end in _ENDINGS),
    *(f"{end}<script>{RUN}</script>" for end in _ENDINGS),
    *_TEXTS,
)
