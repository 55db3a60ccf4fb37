"""Load plugins and call their hooks: collect, first, notify.

pluggy neither awaits nor isolates: one implementation that raises stops the rest. These three
verbs are the only callers of a hook.
"""

import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy
import structlog

from hub import hookspecs
from hub.contracts import Plugin
from hub.errors import SettingError

GROUP = "hub.plugins"
DEADLINE_SECONDS = 10.0
_TRACING = os.environ.get("HUB_TRACE_HOOKS") == "1"

log = structlog.get_logger(__name__)


def installed() -> dict[str, EntryPoint]:
    """Return every plugin that is installed, enabled or not, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


class Hooks:
    """The enabled plugins, in their configured order, and the three ways to call them."""

    def __init__(self, names: Sequence[str]) -> None:
        """Load the named plugins; an unknown name or a broken plugin stops the start."""
        self._manager = pluggy.PluginManager("hub")
        self._manager.add_hookspecs(hookspecs)
        self.plugins: dict[str, Plugin] = {}
        self._ordered: dict[str, list[pluggy.HookImpl]] = {}
        known = installed()
        for name in names:
            if name not in known:
                choices = ", ".join(sorted(known)) or "none"
                raise SettingError(f"plugins: no plugin named {name!r} is installed ({choices})")
            self.add(name, _load(known[name]))

    def add(self, name: str, module: ModuleType | object) -> None:
        """Register one plugin: a module or an object with a `PLUGIN` and hook implementations."""
        plugin = getattr(module, "PLUGIN", None)
        if not isinstance(plugin, Plugin) or plugin.name != name:
            raise SettingError(f"plugins: {name!r} has no PLUGIN = Plugin(name={name!r}, ...)")
        try:
            self._manager.register(module, name)
            self._manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise SettingError(f"plugins: {name!r} cannot be loaded: {error}") from error
        self.plugins[name] = plugin
        self._ordered.clear()

    def collect(self, hook: str, **arguments: Any) -> list[Any]:
        """Ask every plugin, in order, and chain the lists they answer with.

        Used at start-up and for pure questions: an exception is the caller's to handle.
        """
        found: list[Any] = []
        for plugin in self._implementations_of(hook):
            answer = plugin.function(*[arguments[name] for name in plugin.argnames])
            found += _traced(hook, plugin.plugin_name, answer) or ()
        return found

    async def first(self, hook: str, **arguments: Any) -> Any:
        """Return the first answer that is not None; a failing plugin is logged and passed over."""
        for name, call in self._implementations(hook, arguments):
            answer = await self._guarded(hook, name, call)
            if answer is not None:
                return answer
        return None

    async def notify(self, hook: str, **arguments: Any) -> None:
        """Tell every plugin, each on its own: what one does cannot reach the others or us."""
        for name, call in self._implementations(hook, arguments):
            await self._guarded(hook, name, call)

    def has(self, hook: str) -> bool:
        """Tell whether any plugin implements it."""
        return bool(self._implementations_of(hook))

    def used_by(self, name: str) -> list[str]:
        """Return the hooks a plugin implements."""
        plugin = self._manager.get_plugin(name)
        callers = self._manager.get_hookcallers(plugin) or []
        return sorted(caller.name for caller in callers)

    def _implementations(
        self, hook: str, arguments: dict[str, Any]
    ) -> list[tuple[str, Callable[[], Any]]]:
        return [
            (impl.plugin_name, _bind(impl.function, impl.argnames, arguments))
            for impl in self._implementations_of(hook)
        ]

    def _implementations_of(self, hook: str) -> list[pluggy.HookImpl]:
        if hook not in self._ordered:
            caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
            order = list(self.plugins)
            found = caller.get_hookimpls()
            self._ordered[hook] = sorted(found, key=lambda impl: order.index(impl.plugin_name))
        return self._ordered[hook]

    @staticmethod
    async def _guarded(hook: str, name: str, call: Callable[[], Any]) -> Any:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return _traced(hook, name, await _run(call))
        except Exception:
            log.exception("hook_failed", hook=hook, plugin=name)
            return None


def _load(point: EntryPoint) -> ModuleType:
    try:
        module = point.load()
    except Exception as error:
        raise SettingError(f"plugins: {point.name!r} cannot be imported: {error}") from error
    if not isinstance(module, ModuleType):
        raise SettingError(f"plugins: {point.name!r} does not point to a module")
    return module


def _bind(
    function: Callable[..., Any], names: Sequence[str], arguments: dict[str, Any]
) -> Callable[[], Any]:
    return partial(function, **{name: arguments[name] for name in names})


async def _run(call: Callable[[], Any]) -> Any:
    # A `def` hook may block: it gets a thread. The deadline stops our waiting, not the thread.
    if inspect.iscoroutinefunction(getattr(call, "func", call)):
        return await call()
    return await asyncio.to_thread(call)


def _traced(hook: str, name: str, answer: Any) -> Any:
    if _TRACING:
        print(f"hook {hook}: {name} -> {answer!r}"[:400], file=sys.stderr)  # noqa: T201
    return answer
