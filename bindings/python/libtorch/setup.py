import os

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel


class AnyPython(bdist_wheel):
    """Libraries of one platform, and nothing that depends on a Python."""

    def get_tag(self):
        return "py3", "none", os.environ["MIRRA_PLATFORM"]


setup(cmdclass={"bdist_wheel": AnyPython})
