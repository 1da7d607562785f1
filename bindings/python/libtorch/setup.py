from setuptools import Distribution, setup


class Binary(Distribution):
    def has_ext_modules(self):
        return True


setup(distclass=Binary, options={"bdist_wheel": {"py_limited_api": "cp39"}})
