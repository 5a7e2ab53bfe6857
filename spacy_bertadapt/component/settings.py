"""Settings of live components: some may be changed at any time, which is checked, takes effect and is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from spacy.language import Language

from ..errors import Errors, InvalidError
from .checks import Check
from .config_beside import component_block
from .pipeline_link import PipelineLink
from .saving import STATE, SavedComponent

Self = TypeVar("Self", bound="ConfiguredComponent")
SET_BY_SPACY = ("name", "vocab", "error_handler", "scorer")


class LiveSetting:
    """A setting that may be changed while the component is in use.

    check: returns the value to keep, or raises. may_start_empty: whether a config may leave a list empty that can't be
    set so later.
    """

    def __init__(self, check: Check, *, may_start_empty: bool = False):
        self.check = check
        self.may_start_empty = may_start_empty

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def first_value(self, value: Any) -> Any:
        """Return the value of the config, as it is kept. Raises InvalidError if it is not possible."""
        return () if self.may_start_empty and not value else self.check(self.name, value)

    def __get__(self, component: Any, owner: type | None = None) -> Any:
        return self if component is None else component._settings[self.name]

    def __set__(self, component: ConfiguredComponent, value: Any) -> None:
        component._change(self, value)


class ConfiguredComponent(SavedComponent):
    """A component with settings: its `LiveSetting`s can be changed, all else is as the config has it.

    A change is checked, takes effect at once, is written into the pipeline's config and saved with the component.
    """

    _is_complete = False
    _config_beside: Mapping[str, Any] = {}

    def take_settings(self, settings: Mapping[str, Any], pipeline: Language | None) -> None:
        """Take the settings that `cfg` holds; from now on only the live ones can be changed.

        pipeline: where the component is made for. Raises InvalidError for a value that is not possible.
        """
        live = _live_settings(type(self))
        self._settings = {
            name: live[name].first_value(value) if name in live else value for name, value in settings.items()
        }
        self._given = {name: self._settings[name] for name in live}
        self.take_pipeline(pipeline)
        self._is_complete = True

    def take_pipeline(self, pipeline: Language | None) -> None:
        """Write changes into the config of this pipeline from now on."""
        self._pipeline = PipelineLink(pipeline)

    @property
    def cfg(self) -> Cfg:
        """The settings by name, which scorers get too. Setting an item sets it on the component."""
        return Cfg(self)

    @cfg.setter
    def cfg(self, values: Mapping[str, Any]) -> None:
        """Take over all values that differ: spaCy's `find-threshold` sets them together."""
        self.cfg.update(values)

    def live_settings(self) -> dict[str, Any]:
        """Return the values of all live settings, as JSON can hold them."""
        return {name: self._settings[name] for name in self._live}

    def settings_state(self) -> dict[str, Any]:
        """Return the live settings, and what the config that is saved beside them says of these."""
        configured = {name: value for name, value in self._config_beside.items() if name in self._live}
        return {"settings": self.live_settings(), "configured": configured}

    def restore_settings(self, state: Mapping[str, Any]) -> None:
        """Take over what `settings_state` returned, but for what was set otherwise since.

        That are settings that were given when the pipeline was loaded, in its config or over it, and that differ from
        the config it was saved with. Raises ValueError if it names or holds what is not possible.
        """
        values = self._read_settings("settings", state.get("settings", {}))
        configured = self._read_settings("configured", state.get("configured", {})) or self._config_beside
        given = {name: value for name, value in self._given.items() if name in configured and configured[name] != value}
        self._settings.update({**values, **given})

    def _read_settings(self, key: str, saved: Any) -> dict[str, Any]:
        """Return checked settings. Raises ValueError if there are no such ones, or they can't have these values."""
        if not isinstance(saved, dict) or not saved.keys() <= self._live.keys():
            reason = f"has {key} = {saved!r:.80}, but they are an object with any of {', '.join(self._live)}"
            raise InvalidError(Errors.E105.format(path=STATE, reason=reason))
        try:
            return {name: self._live[name].first_value(_as_written(value)) for name, value in saved.items()}
        except InvalidError as err:
            raise InvalidError(Errors.E105.format(path=STATE, reason=f"does not hold: {err}")) from err

    def take_as_initialized(self) -> None:
        """Note that the component is in use from now on: what a save holds counts, and not what its config says."""
        self._given = {}

    def from_disk(self: Self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read a folder that `to_disk` wrote, all of it or, if it can't be read, nothing.

        Settings that were given when its pipeline was loaded, and differ from the config saved there, stay as given.
        """
        before = self.live_settings()
        with self.all_or_nothing():
            self._config_beside = component_block(Path(path))
            super().from_disk(path, exclude=exclude)
        self._take_as_read(before)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component into a folder: see `SavedComponent.to_disk`."""
        self._config_beside = component_block(Path(path))
        super().to_disk(path, exclude=exclude)

    def from_bytes(self: Self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Read what `to_bytes` packed, all of it or, if it can't be read, nothing."""
        before = self.live_settings()
        with self.all_or_nothing():
            self._config_beside = {}
            super().from_bytes(bytes_data, exclude=exclude)
        self._take_as_read(before)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Pack what `to_disk` writes. There is no config beside bytes: the settings that hold are what counts."""
        self._config_beside = {}
        return super().to_bytes(exclude=exclude)

    def look_around(self) -> None:
        """Note what has to be known of the pipeline where that is not known: after reading, and before pickling."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Return what is pickled, without the pipeline, but with what has to be known of its other components."""
        self.look_around()
        self._pipeline.note_others(self)
        return super().__reduce_ex__(protocol)

    def snapshot(self) -> Callable[[], None]:
        """Return a function that makes the component what it is now. Networks are not copied: reading replaces them."""
        kept = {**vars(self), "_settings": dict(self._settings)}
        return lambda: vars(self).update(kept)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Put the component back as it was if there is an error in the block."""
        put_back = self.snapshot()
        try:
            yield
        except BaseException:
            put_back()
            raise

    def __setattr__(self, name: str, value: Any) -> None:
        """Raise InvalidError for what can't be changed: what is no live setting, and nothing that spaCy sets."""
        attribute = getattr(type(self), name, None)
        is_settable = isinstance(attribute, LiveSetting) or getattr(attribute, "fset", None) is not None
        if self._is_complete and not (is_settable or name.startswith("_") or name in SET_BY_SPACY):
            self._refuse(name)
        super().__setattr__(name, value)

    @property
    def _live(self) -> dict[str, LiveSetting]:
        return _live_settings(type(self))

    def _change(self, setting: LiveSetting, value: Any) -> None:
        self._settings[setting.name] = setting.check(setting.name, value)
        self._pipeline.write_config(self, setting.name, self._settings[setting.name])

    def _refuse(self, name: str) -> NoReturn:
        component = getattr(self, "name", type(self).__name__)
        raise InvalidError(Errors.E318.format(name=component, setting=name, live=", ".join(self._live) or "none"))

    def _take_as_read(self, before: dict[str, Any]) -> None:
        """Write what reading changed into the pipeline's config; a variable stands there until its value changes."""
        self.take_as_initialized()
        for name, value in self.live_settings().items():
            if value != before[name]:
                self._pipeline.write_config(self, name, value)
        self.look_around()


class Cfg(dict[str, Any]):
    """The settings of a component, as a copy: setting an item sets it on the component, and is checked there."""

    def __init__(self, component: ConfiguredComponent):
        super().__init__(component._settings)
        self._component = component

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(getattr(type(self._component), name, None), LiveSetting):
            self._component._refuse(name)
        setattr(self._component, name, value)
        super().__setitem__(name, self._component._settings[name])

    def update(self, *values: Any, **named: Any) -> None:
        """Set all values that differ from those that hold."""
        for name, value in dict(*values, **named).items():
            if name not in self or self[name] != value:
                self[name] = value

    def _unchangeable(self, *_: Any, **__: Any) -> NoReturn:
        self._component._refuse("cfg")

    __delitem__ = __ior__ = pop = popitem = clear = setdefault = _unchangeable  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


def _as_written(value: Any) -> Any:
    """Return a value that was read from JSON: srsly reads 0.7 as 0.7000000000000001."""
    return float(f"{value:.15g}") if isinstance(value, float) else value


def _live_settings(component: type) -> dict[str, LiveSetting]:
    """Return the live settings of a class by name, those of its bases too."""
    bases = [vars(base) for base in reversed(component.__mro__)]
    return {name: value for base in bases for name, value in base.items() if isinstance(value, LiveSetting)}
