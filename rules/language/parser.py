"""The grammar of expressions.

In: the text of one expression. Out: a tree of nodes. Operators bind, loosest first: `a if c else b`, `or`, `and`,
`not`, comparisons (chained) and `in`, `+ -`, `* /`, signs. What is no expression is refused at its first wrong word.
"""

from __future__ import annotations

from typing import Any, Final

from rules.language.syntax import Binary, Call, Choice, Compare, ListOf, Literal, Logic, Name, Node, Unary
from rules.language.tokens import NotUnderstood, Token, tokenize, unit_hint

MAX_DEPTH: Final = 40
MAX_NODES: Final = 400
MAX_ITEMS: Final = 200

_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_FOREIGN: Final = {
    "None": "none", "null": "none", "nil": "none", "Null": "none", "NULL": "none", "NONE": "none",
    "True": "true", "TRUE": "true", "yes": "true", "False": "false", "FALSE": "false", "no": "false",
    "AND": "and", "And": "and", "OR": "or", "Or": "or", "NOT": "not", "Not": "not", "IN": "in", "In": "in",
    "is": "==", "IS": "==", "eq": "==", "equals": "==", "ne": "!=", "gt": ">", "lt": "<", "ge": ">=", "le": "<=",
    "then": "if ... else", "when": "if",
}  # fmt: skip


def parse(text: str) -> Node:
    """The tree of an expression. Raises NotUnderstood at the first thing that is no expression."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self.depth = 0
        self.nodes = 0

    def look(self) -> Token:
        return self.tokens[self.index]

    def whole(self) -> Node:
        if self.look().kind == "end":
            raise NotUnderstood("the expression is empty", "write a condition, or leave the key out", 0)
        node = self.choice()
        if self.look().kind != "end":
            raise self.unexpected()
        return node

    def choice(self) -> Node:
        self.deeper()
        node = self.logic_or()
        if self.accept("if"):
            condition = self.logic_or()
            if not self.accept("else"):
                hint = "write `a if condition else b`"
                raise NotUnderstood("the `else` of this `if` is missing", hint, self.look().start)
            other = self.choice()
            node = self.counted(Choice(node.start, other.end, condition, node, other))
        self.depth -= 1
        return node

    def logic_or(self) -> Node:
        return self.logic("or", self.logic_and)

    def logic_and(self) -> Node:
        return self.logic("and", self.negation)

    def logic(self, word: str, below: Any) -> Node:
        operands = [below()]
        while self.accept(word):
            operands.append(below())
        if len(operands) == 1:
            return operands[0]  # type: ignore[no-any-return]
        return self.counted(Logic(operands[0].start, operands[-1].end, word, tuple(operands)))

    def negation(self) -> Node:
        start = self.look().start
        if not self.accept("not"):
            return self.comparison()
        self.deeper()
        operand = self.negation()
        self.depth -= 1
        return self.counted(Unary(start, operand.end, "not", operand))

    def comparison(self) -> Node:
        operands, operators = [self.sum()], []
        while operator := self.comparison_operator():
            operators.append(operator)
            operands.append(self.sum())
        if not operators:
            return operands[0]
        return self.counted(Compare(operands[0].start, operands[-1].end, tuple(operands), tuple(operators)))

    def comparison_operator(self) -> str:
        if self.look().kind == "sign" and self.look().text in _COMPARISONS:
            return self.advance().text
        if self.accept("in"):
            return "in"
        if self.look().text == "not" and self.tokens[self.index + 1].text == "in":
            self.index += 2
            return "not in"
        return ""

    def sum(self) -> Node:
        return self.binary(("+", "-"), self.product)

    def product(self) -> Node:
        return self.binary(("*", "/"), self.signed)

    def binary(self, signs: tuple[str, str], below: Any) -> Node:
        node: Node = below()
        while self.look().kind == "sign" and self.look().text in signs:
            operator = self.advance()
            right = below()
            node = self.counted(Binary(node.start, right.end, operator.text, node, right, operator.start))
        return node

    def signed(self) -> Node:
        if self.look().kind != "sign" or self.look().text not in ("+", "-"):
            return self.value()
        self.deeper()
        sign = self.advance()
        operand = self.signed()
        self.depth -= 1
        return self.counted(Unary(sign.start, operand.end, sign.text, operand))

    def value(self) -> Node:
        token = self.look()
        if token.kind in ("number", "percent", "money", "duration", "text"):
            self.advance()
            return self.counted(Literal(token.start, token.end, token.value, token.kind))
        if token.text in ("true", "false", "none") and token.kind == "word":
            self.advance()
            value, written = (None, "none") if token.text == "none" else (token.text == "true", "bool")
            return self.counted(Literal(token.start, token.end, value, written))
        if token.kind == "name":
            return self.named()
        if self.accept("("):
            return self.enclosed(token)
        if self.accept("["):
            items, end = self.items("]", token)
            return self.counted(ListOf(token.start, end, items))
        raise self.missing_value()

    def enclosed(self, opening: Token) -> Node:
        node = self.choice()
        if not self.accept(")"):
            if self.look().kind == "end":
                raise NotUnderstood("the `(` opened here is not closed", "add `)`", opening.start)
            raise self.unexpected()
        return node

    def items(self, closing: str, opening: Token) -> tuple[tuple[Node, ...], int]:
        found: list[Node] = []
        while self.look().text != closing or self.look().kind != "sign":
            if self.look().kind == "end":
                hint = f"add `{closing}`"
                raise NotUnderstood(f"the `{opening.text}` opened here is not closed", hint, opening.start)
            found.append(self.choice())
            if len(found) > MAX_ITEMS:
                raise NotUnderstood(f"over {MAX_ITEMS} entries", "name them in `vars:`", opening.start)
            if not self.accept(",") and not (self.look().kind == "sign" and self.look().text == closing):
                if self.look().kind == "end":
                    continue
                raise self.unexpected()
        return tuple(found), self.advance().end

    def named(self) -> Node:
        token = self.advance()
        if token.text in _FOREIGN:
            meant = _FOREIGN[token.text]
            raise NotUnderstood(f"`{token.text}` is no word of this language", f"write {meant}", token.start)
        if self.look().text != "(" or self.look().kind != "sign":
            return self.counted(Name(token.start, token.end, token.text))
        if "." in token.text:
            of, _, function = token.text.rpartition(".")
            raise NotUnderstood(f"`{token.text}` cannot be called", f"write {function}({of})", token.start)
        opening = self.advance()
        arguments, end = self.items(")", opening)
        return self.counted(Call(token.start, end, token.text, arguments))

    def accept(self, text: str) -> bool:
        if self.look().text == text and self.look().kind in ("word", "sign"):
            self.index += 1
            return True
        return False

    def advance(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            hint = "split it into several conditions: `if:` takes a list"
            raise NotUnderstood(f"nested over {MAX_DEPTH} levels deep", hint, self.look().start)

    def counted(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            hint = "split it into several conditions: `if:` takes a list"
            raise NotUnderstood(f"the expression has over {MAX_NODES} steps", hint, node.start)
        return node

    def missing_value(self) -> NotUnderstood:
        token = self.look()
        before = f" behind `{self.tokens[self.index - 1].text}`" if self.index else ""
        if token.kind == "end":
            return NotUnderstood(f"the expression ends where a value is expected{before}", "", token.start)
        hint = 'values are names, numbers, 80%, 2000 CNY, 3wd, "text", true, false, none, [lists]'
        return NotUnderstood(f"a value is expected{before}, not `{token.text}`", hint, token.start)

    def tested(self, name: str) -> str:
        """What `name is known`, `name is not none` and their like are here."""
        after = [one.text.lower() for one in self.tokens[self.index + 1 : self.index + 3]]
        negated = after[:1] == ["not"]
        word = (after[1:] if negated else after)[:1]
        if word in (["known"], ["defined"], ["set"], ["unknown"], ["undefined"], ["missing"]):
            known = (word[0] in ("known", "defined", "set")) != negated
            return f"write known({name})" if known else f"write not known({name})"
        if word in (["none"], ["null"], ["empty"]):
            return f"write {name} != none" if negated else f"write {name} == none"
        return "write !=" if negated else "write =="

    def unexpected(self) -> NotUnderstood:
        token, before = self.look(), self.tokens[self.index - 1]
        if token.text == ")":
            return NotUnderstood("this `)` was never opened", "take it away, or add `(`", token.start)
        if token.text == "]":
            return NotUnderstood("this `]` was never opened", "take it away, or add `[`", token.start)
        if token.text == "[":
            return NotUnderstood(
                "entries of a list cannot be picked", 'test with "x" in list, or len(list)', token.start
            )
        if token.text == ",":
            thousands = before.kind == "number" and self.tokens[self.index + 1].kind in (
                "number",
                "money",
                "percent",
            )
            hint = "write numbers without separators: 1000" if thousands else "join conditions with and, or"
            return NotUnderstood("a comma has no meaning here", hint, token.start)
        if token.text in _FOREIGN:
            tested = token.text.lower() == "is" and before.kind == "name"
            hint = self.tested(before.text) if tested else f"write {_FOREIGN[token.text]}"
            return NotUnderstood(f"`{token.text}` is no word of this language", hint, token.start)
        if before.kind == "number" and token.kind == "name":
            shown = f"{before.text} {token.text}"
            return NotUnderstood(f"`{shown}` is no value", unit_hint(before.text, token.text), before.start)
        if (
            before.kind == "name"
            and token.kind == "number"
            and before.text.isupper()
            and len(before.text) == 3
        ):
            hint = f"did you mean `{token.text} {before.text}`?"
            return NotUnderstood("the currency stands behind the amount", hint, before.start)
        return NotUnderstood(
            f"an operator is missing before `{token.text}`", "join with and, or, ==, <, +", token.start
        )
