"""Pages of Markdown to what they promise: blocks of code that run, links that lead somewhere."""

import re


def blocks(language, text):
    """Return the fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def dead_links(page):
    """Return the relative links of a file that lead nowhere."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    local = [link for link in links if not re.match(r"\w+:", link)]
    return [link for link in local if not page.parent.joinpath(link).exists()]
