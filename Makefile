# make build      .build/release/libntk.so
# make test       every check there is; make test ONLY="c pytest" runs some of the stages
# make test-neural-tangents
#                 one of these stages: every function that neural-tangents has, against itself
# make docs       out/docs: the pages of docs/ and the references, of Python and of Swift
# make demo       examples/digits.py, examples/sine.py, examples/poisson.py
# make bench      Benchmarks/run.py; make bench OPTIONS="--quick --only kernel" runs a part
# make install    the library, the header and ntk.pc under PREFIX
# make clean
#
# Each target brings what it needs first (.ci/setup).

PREFIX = /usr/local
LIBRARY = .build/release/libntk.so
EXPORTS = .build/exports.map
STATIC = .build/static
RUN = PYTHONPATH=python .venv/bin/python
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' python/swntk/_version.py)
SOURCES := $(shell find Package.swift Sources include -type f)

.PHONY: build venv test test-neural-tangents docs demo bench install clean

build: $(LIBRARY)

# The version script exports the functions that the header declares, and nothing else (gold, the
# other linker of Swift, leaves local names in the table). SwiftPM does not watch it, so a new one
# removes the library. Swift's own libraries ask for libstdc++ by name: a folder that holds only its
# archive comes first, so that the library needs nothing but OpenBLAS and the C library.
$(LIBRARY): Makefile $(SOURCES)
	@.ci/setup build
	@mkdir -p $(STATIC)
	@{ echo '{ global:'; \
	  sed -nE 's/^(const )?[a-z][a-z0-9_]* \*?(ntk_[a-z0-9_]+)\(.*/  \2;/p' include/ntk.h; \
	  echo 'local: *; };'; } > $(EXPORTS).new
	@cmp -s $(EXPORTS).new $(EXPORTS) || rm -f $@
	@mv $(EXPORTS).new $(EXPORTS)
	@ln -sf "$$(cc -print-file-name=libstdc++.a)" $(STATIC)
	swift build -c release --product ntk --explicit-target-dependency-import-check error \
	  -Xswiftc -static-stdlib -Xswiftc -use-ld=lld -Xlinker -soname=libntk.so.0 \
	  -Xlinker -L"$(CURDIR)/$(STATIC)" -Xswiftc -Xclang-linker -Xswiftc -static-libgcc \
	  -Xlinker --version-script="$(CURDIR)/$(EXPORTS)" -Xlinker -z -Xlinker nodelete -Xlinker -s
	@ln -sf libntk.so $@.0
	@touch $@

venv:
	@.ci/setup venv

test: venv build
	@$(RUN) .ci/test.py $(ONLY)

test-neural-tangents: venv build
	@$(RUN) .ci/test.py neural_tangents

demo: venv build
	@$(RUN) examples/digits.py
	@$(RUN) examples/sine.py
	@$(RUN) examples/poisson.py

docs: build
	@.ci/docs out/docs

# The settings unset here, where a machine has them, halve the speed of OpenBLAS.
bench: venv build
	@.ci/setup bench
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(RUN) Benchmarks/run.py $(OPTIONS)

install: build
	install -d "$(DESTDIR)$(PREFIX)/lib/pkgconfig" "$(DESTDIR)$(PREFIX)/include"
	install -m 755 $(LIBRARY) "$(DESTDIR)$(PREFIX)/lib/libntk.so.$(VERSION)"
	ln -sf libntk.so.$(VERSION) "$(DESTDIR)$(PREFIX)/lib/libntk.so.0"
	ln -sf libntk.so.0 "$(DESTDIR)$(PREFIX)/lib/libntk.so"
	install -m 644 include/ntk.h "$(DESTDIR)$(PREFIX)/include/ntk.h"
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	  'Name: ntk' 'Description: Derivatives and neural tangent kernels of programs' \
	  'Version: $(VERSION)' 'Libs: -L$${libdir} -lntk' 'Cflags: -I$${includedir}' \
	  > "$(DESTDIR)$(PREFIX)/lib/pkgconfig/ntk.pc"
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

clean:
	rm -rf .build .build-tests .venv .venv-torch .venv-neural-tangents .venv-docs out
