"""Put libntk.so, built from the checkout that holds this folder, into the wheel."""

import subprocess
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LibraryHook(BuildHookInterface):
    """Build the library where it is out of date, and tag the wheel with the platform."""

    def initialize(self, version, build_data):
        checkout = Path(self.root).parent
        if not (checkout / "Package.swift").is_file():
            raise RuntimeError(
                "swntk is built from a checkout of its repository: pip install ./python there"
            )
        subprocess.run(["make", "--no-print-directory", "-C", str(checkout), "build"], check=True)
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
        if version != "editable":  # there the package finds the checkout's own library
            library = checkout / ".build" / "release" / "libntk.so"
            build_data["force_include"][str(library)] = "swntk/libntk.so"
