"""Trees: nested containers of arrays, and the leaf paths by which messages name them.

Containers are dict (leaves in the order of sorted keys), OrderedDict, list, tuple, namedtuple,
None (no leaves) and registered classes. Everything else is a leaf. The order of leaves is JAX's.

>>> import swntk
>>> swntk.tree.leaves({"b": 1, "a": (2, None, [3])})
[2, 3, 1]
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict

from ._errors import ArgumentError

__all__ = [
    "TreeDef",
    "flatten",
    "unflatten",
    "leaves",
    "structure",
    "map",
    "reduce",
    "register",
    "paths",
]

_registered: dict = {}


class TreeDef:
    """The structure of a tree: hashable, comparable, printable; its leaves are left out.

    Attributes
    ----------
    num_leaves : int
    """

    __slots__ = ("kind", "meta", "children", "num_leaves", "_hash", "_exact")

    def __init__(self, kind, meta, children, num_leaves):
        self.kind = kind
        self.meta = meta
        self.children = children
        self.num_leaves = num_leaves
        self._hash = None
        self._exact = None

    def unflatten(self, leaves):
        """Put leaves into this structure."""
        return unflatten(self, leaves)

    def __eq__(self, other):
        if self is other:
            return True
        return (
            isinstance(other, TreeDef)
            and self.kind is other.kind
            and self.meta == other.meta
            and (self.meta is None or self._types() == other._types())
            and self.children == other.children
        )

    def _types(self):
        """The types of keys: 1, 1.0 and True are equal, and not the same key."""
        if self._exact is None:
            self._exact = _types_of(self.meta)
        return self._exact

    def __hash__(self):
        if self._hash is None:
            meta = tuple(self.meta) if isinstance(self.meta, list) else self.meta
            self._hash = hash((self.kind, meta, self.children))
        return self._hash

    def __reduce__(self):
        return TreeDef, (self.kind, self.meta, self.children, self.num_leaves)

    def __repr__(self):
        return f"TreeDef({unflatten(self, [_STAR] * self.num_leaves)!r})"


def _types_of(meta):
    if isinstance(meta, (tuple, list)):
        return tuple([_types_of(part) for part in meta])
    return type(meta)


class _Star:
    def __repr__(self):
        return "*"


_STAR = _Star()


class _Leaf:
    """The kind of a leaf."""


LEAF = TreeDef(_Leaf, None, (), 1)
_NONE = TreeDef(type(None), None, (), 0)


def register(cls, flatten, unflatten):
    """Let instances of a class be containers.

    Parameters
    ----------
    cls : type
        Only its own instances, not those of subclasses.
    flatten : callable
        `flatten(instance) -> (children, aux)`: a sequence of trees, and hashable data.
    unflatten : callable
        `unflatten(aux, children) -> instance`.

    Returns
    -------
    type
        `cls`.

    Raises
    ------
    ArgumentError
        If the class is registered already, or is a built-in container.

    Notes
    -----
    As `jax.tree_util.register_pytree_node`.

    Examples
    --------
    >>> import swntk
    >>> class Pair:
    ...     def __init__(self, a, b):
    ...         self.a, self.b = a, b
    >>> _ = swntk.tree.register(Pair, lambda p: ((p.a, p.b), None), lambda aux, c: Pair(*c))
    >>> swntk.tree.leaves(Pair(1, [2, 3]))
    [1, 2, 3]
    """
    if cls in _registered or cls in (dict, OrderedDict, defaultdict, list, tuple, type(None)):
        raise ArgumentError(f"{cls.__name__} is registered as a tree node already")
    _registered[cls] = (flatten, unflatten)
    return cls


def _sorted_keys(mapping):
    try:
        return sorted(mapping)
    except TypeError:
        raise ArgumentError(
            f"the keys of a dict in a tree must be comparable, got {list(mapping)!r}"
        ) from None


def _open(tree, kind):
    """Return (meta, children) of a container, or None for a leaf."""
    if kind is dict:
        keys = _sorted_keys(tree)
        return tuple(keys), [tree[key] for key in keys]
    if kind is list or kind is tuple:
        return None, tree
    if kind is OrderedDict:
        return tuple(tree), list(tree.values())
    if kind is defaultdict:
        keys = _sorted_keys(tree)
        return (tree.default_factory, tuple(keys)), [tree[key] for key in keys]
    if kind in _registered:
        children, aux = _registered[kind][0](tree)
        return aux, list(children)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return None, tree
    return None


def _flatten(tree, out, is_leaf):
    kind = type(tree)
    if tree is None and (is_leaf is None or not is_leaf(tree)):
        return _NONE
    if is_leaf is not None and is_leaf(tree):
        out.append(tree)
        return LEAF
    opened = _open(tree, kind)
    if opened is None:
        out.append(tree)
        return LEAF
    meta, children = opened
    parts = tuple([_flatten(child, out, is_leaf) for child in children])
    return TreeDef(kind, meta, parts, sum([part.num_leaves for part in parts]))


def flatten(tree, is_leaf=None):
    """Take a tree apart.

    Parameters
    ----------
    tree : tree
    is_leaf : callable, optional
        Called with each node; true where a container shall count as a leaf.

    Returns
    -------
    leaves : list
    treedef : TreeDef

    Raises
    ------
    ArgumentError
        If the keys of a dict cannot be sorted, or the tree is nested more deeply than Python's
        recursion limit allows.

    Examples
    --------
    >>> import swntk
    >>> leaves, treedef = swntk.tree.flatten({"w": 1, "b": (2, 3)})
    >>> leaves
    [2, 3, 1]
    >>> treedef
    TreeDef({'b': (*, *), 'w': *})
    """
    out: list = []
    try:
        return out, _flatten(tree, out, is_leaf)
    except RecursionError:
        raise _too_deep("a tree") from None


def _too_deep(what: str) -> ArgumentError:
    return ArgumentError(f"{what} is nested too deeply, or contains itself")


def unflatten(treedef, leaves):
    """Put leaves into a structure.

    Parameters
    ----------
    treedef : TreeDef
    leaves : iterable

    Returns
    -------
    tree

    Raises
    ------
    ArgumentError
        If there are too many or too few leaves.

    Examples
    --------
    >>> import swntk
    >>> leaves, treedef = swntk.tree.flatten([1, (2, 3)])
    >>> swntk.tree.unflatten(treedef, "abc")
    ['a', ('b', 'c')]
    """
    leaves = list(leaves)
    if len(leaves) != treedef.num_leaves:
        raise ArgumentError(f"{treedef.num_leaves} leaves expected, got {len(leaves)}")
    try:
        return _build(treedef, iter(leaves))
    except RecursionError:
        raise _too_deep("a tree") from None


def _build(treedef, leaves):
    kind = treedef.kind
    if kind is _Leaf:
        return next(leaves)
    if kind is type(None):
        return None
    children = [_build(child, leaves) for child in treedef.children]
    if kind is list:
        return children
    if kind is tuple:
        return tuple(children)
    if kind is dict:
        return dict(zip(treedef.meta, children))
    if kind is OrderedDict:
        return OrderedDict(zip(treedef.meta, children))
    if kind is defaultdict:
        return defaultdict(treedef.meta[0], zip(treedef.meta[1], children))
    if kind in _registered:
        return _registered[kind][1](treedef.meta, children)
    return kind(*children)


def leaves(tree, is_leaf=None) -> list:
    """List the leaves of a tree.

    Parameters
    ----------
    tree : tree
    is_leaf : callable, optional

    Returns
    -------
    list

    Raises
    ------
    ArgumentError
        If the keys of a dict cannot be sorted.

    Examples
    --------
    >>> import swntk
    >>> swntk.tree.leaves([1, {"a": 2}])
    [1, 2]
    """
    return flatten(tree, is_leaf)[0]


def structure(tree, is_leaf=None) -> TreeDef:
    """Return the structure of a tree.

    Parameters
    ----------
    tree : tree
    is_leaf : callable, optional

    Returns
    -------
    TreeDef

    Raises
    ------
    ArgumentError
        If the keys of a dict cannot be sorted.

    Examples
    --------
    >>> import swntk
    >>> swntk.tree.structure([1, (2,)]) == swntk.tree.structure([5, (6,)])
    True
    """
    return flatten(tree, is_leaf)[1]


def map(f, tree, *rest, is_leaf=None):
    """Apply a function to corresponding leaves of trees.

    Parameters
    ----------
    f : callable
    tree : tree
    *rest : tree
        Trees that have at least the structure of the first.
    is_leaf : callable, optional

    Returns
    -------
    tree

    Raises
    ------
    ArgumentError
        If a tree does not match the first.

    Examples
    --------
    >>> import swntk
    >>> swntk.tree.map(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
    {'x': 11, 'y': [22]}
    """
    first, treedef = flatten(tree, is_leaf)
    columns = [first] + [flatten_up_to(treedef, other) for other in rest]
    return unflatten(treedef, [f(*row) for row in zip(*columns)])


def reduce(f, tree, initializer=None):
    """Fold the leaves of a tree, in order.

    Parameters
    ----------
    f : callable
        `f(so_far, leaf)`.
    tree : tree
    initializer : optional

    Raises
    ------
    TypeError
        If there is neither a leaf nor an initializer.

    Examples
    --------
    >>> import swntk
    >>> swntk.tree.reduce(lambda a, b: a + b, {"x": 1, "y": [2, 3]})
    6
    """
    import functools

    if initializer is None:
        return functools.reduce(f, leaves(tree))
    return functools.reduce(f, leaves(tree), initializer)


def flatten_up_to(treedef, tree, what: str = "tree", path: str = "") -> list:
    """Take a tree apart down to the leaves of a structure that it must begin with."""
    out: list = []
    try:
        _up_to(treedef, tree, out, what, path)
    except RecursionError:
        raise _too_deep(what) from None
    return out


def _up_to(treedef, tree, out, what, path):
    kind = treedef.kind
    if kind is _Leaf:
        out.append(tree)
        return
    where = f"{what}{path}"
    if kind is type(None):
        if tree is not None:
            raise ArgumentError(f"{where} must be None, got {type(tree).__name__}")
        return
    if type(tree) is not kind:
        raise ArgumentError(f"{where} must be a {kind.__name__}, got {type(tree).__name__}")
    meta, children = _open(tree, kind)
    if meta != treedef.meta or len(children) != len(treedef.children):
        got = f"keys {list(meta)}" if kind in (dict, OrderedDict) else f"{len(children)} children"
        raise ArgumentError(f"{where} has {got}; expected the structure {treedef!r}")
    for child, part, step in zip(children, treedef.children, _steps(treedef)):
        _up_to(part, child, out, what, path + step)


def broadcast_prefix(prefix, tree, what: str = "axes", is_leaf=None) -> list:
    """Return for each leaf of `tree` the leaf of `prefix` that stands above it.

    None is a leaf of the prefix, unless the tree has None there.
    """
    out: list = []
    try:
        _prefix(prefix, tree, out, what, "")
    except RecursionError:
        raise _too_deep(what) from None
    return out


def _prefix(prefix, tree, out, what, path):
    opened = None if prefix is None else _open(prefix, type(prefix))
    if opened is None:
        out.extend([prefix] * structure(tree).num_leaves)
        return
    if type(prefix) is not type(tree):
        # As JAX: a list of axes may stand for a tuple of arguments.
        if not (isinstance(prefix, (list, tuple)) and isinstance(tree, (list, tuple))):
            raise ArgumentError(
                f"{what}{path} is a {type(prefix).__name__}, but the argument is a "
                f"{type(tree).__name__}"
            )
    meta, children = opened
    other_meta, others = _open(tree, type(tree))
    if meta != other_meta or len(children) != len(others):
        raise ArgumentError(
            f"{what}{path} does not have the structure of the argument: {prefix!r} for "
            f"{structure(tree)!r}"
        )
    steps = _steps(structure(prefix, is_leaf=lambda x: x is not prefix))
    for child, other, step in zip(children, others, steps):
        _prefix(child, other, out, what, path + step)


def _steps(treedef) -> list[str]:
    """Return what leads to each child, as text."""
    kind, count = treedef.kind, len(treedef.children)
    if kind in (dict, OrderedDict):
        return [f"[{key!r}]" for key in treedef.meta]
    if kind is defaultdict:
        return [f"[{key!r}]" for key in treedef.meta[1]]
    if hasattr(kind, "_fields") and len(kind._fields) == count:
        return [f".{name}" for name in kind._fields]
    return [f"[{i}]" for i in range(count)]


def paths(tree, root: str = "", is_leaf=None) -> list[str]:
    """Name every leaf of a tree by what leads to it.

    Parameters
    ----------
    tree : tree or TreeDef
    root : str
        The name of the whole.
    is_leaf : callable, optional

    Returns
    -------
    list of str

    Raises
    ------
    ArgumentError
        If the keys of a dict cannot be sorted.

    Examples
    --------
    >>> import swntk
    >>> swntk.tree.paths({"w1": 0, "layers": [1, 2]}, "params")
    ["params['layers'][0]", "params['layers'][1]", "params['w1']"]
    """
    treedef = tree if isinstance(tree, TreeDef) else structure(tree, is_leaf)
    out: list[str] = []

    def walk(part, path):
        if part.kind is _Leaf:
            out.append(path)
            return
        for child, step in zip(part.children, _steps(part)):
            walk(child, path + step)

    try:
        walk(treedef, root)
    except RecursionError:
        raise _too_deep("a tree") from None
    return out
