// The vectors of github.com/distribution/reference v0.6.0, normalize_test.go and reference_test.go, retyped case by case.
// What is left out there are names that this provider never makes: familiar ones, and matches of patterns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageReference } from './reference.ts';

const HEX_64 = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';
const REDIS = 'dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9c';
const BUSYBOX = 'sha256:e6693c20186f837fc393390135d8a598a96a833917917789d63766cab6c59582';
const BUSYBOX_2 = 'sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa';
const F_64 = `sha256:${'f'.repeat(64)}`;
const NO_HEX_64 = 'thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev';
const TOO_LONG = 'this_is_not_a_valid_namespace_because_its_lenth_is_greater_than_255_'.repeat(4);

/** Written in full: registry, repository, and the tag or else the digest that is looked up. */
const valid: Record<string, Record<string, string>> = {
  TestValidateReferenceName: {
    'docker/docker': 'docker.io/docker/docker:latest',
    'library/debian': 'docker.io/library/debian:latest',
    debian: 'docker.io/library/debian:latest',
    'localhost/library/debian': 'localhost/library/debian:latest',
    'localhost/debian': 'localhost/debian:latest',
    'LOCALDOMAIN/library/debian': 'LOCALDOMAIN/library/debian:latest',
    'LOCALDOMAIN/debian': 'LOCALDOMAIN/debian:latest',
    'docker.io/docker/docker': 'docker.io/docker/docker:latest',
    'docker.io/library/debian': 'docker.io/library/debian:latest',
    'docker.io/debian': 'docker.io/library/debian:latest',
    'index.docker.io/docker/docker': 'docker.io/docker/docker:latest',
    'index.docker.io/library/debian': 'docker.io/library/debian:latest',
    'index.docker.io/debian': 'docker.io/library/debian:latest',
    '127.0.0.1:5000/docker/docker': '127.0.0.1:5000/docker/docker:latest',
    '127.0.0.1:5000/library/debian': '127.0.0.1:5000/library/debian:latest',
    '127.0.0.1:5000/debian': '127.0.0.1:5000/debian:latest',
    '192.168.0.1': 'docker.io/library/192.168.0.1:latest',
    '192.168.0.1:80': 'docker.io/library/192.168.0.1:80',
    '192.168.0.1:8/debian': '192.168.0.1:8/debian:latest',
    '192.168.0.2:25000/debian': '192.168.0.2:25000/debian:latest',
    [NO_HEX_64]: `docker.io/library/${NO_HEX_64}:latest`,
    '[fc00::1]:5000/docker': '[fc00::1]:5000/docker:latest',
    '[fc00::1]:5000/docker/docker': '[fc00::1]:5000/docker/docker:latest',
    '[fc00:1:2:3:4:5:6:7]:5000/library/debian': '[fc00:1:2:3:4:5:6:7]:5000/library/debian:latest',
    [`docker.io/${HEX_64}`]: `docker.io/library/${HEX_64}:latest`,
    'Docker/docker': 'Docker/docker:latest',
    'DOCKER/docker': 'DOCKER/docker:latest',
  },
  TestValidateRemoteName: {
    'docker/docker': 'docker.io/docker/docker:latest',
    [NO_HEX_64]: `docker.io/library/${NO_HEX_64}:latest`,
    'docker-rules/docker': 'docker.io/docker-rules/docker:latest',
    'docker---rules/docker': 'docker.io/docker---rules/docker:latest',
    'doc/docker': 'docker.io/doc/docker:latest',
    'd/docker': 'docker.io/d/docker:latest',
    'jess/t': 'docker.io/jess/t:latest',
    'dock__er/docker': 'docker.io/dock__er/docker:latest',
  },
  TestParseRepositoryInfo: {
    'localhost/fooo': 'localhost/fooo:latest',
    'localhost/fooo/bar': 'localhost/fooo/bar:latest',
    'LOCALDOMAIN/fooo': 'LOCALDOMAIN/fooo:latest',
    'LOCALDOMAIN/fooo/bar': 'LOCALDOMAIN/fooo/bar:latest',
    'fooo/bar': 'docker.io/fooo/bar:latest',
    'docker.io/fooo/bar': 'docker.io/fooo/bar:latest',
    'index.docker.io/fooo/bar': 'docker.io/fooo/bar:latest',
    ubuntu: 'docker.io/library/ubuntu:latest',
    'docker.io/library/ubuntu': 'docker.io/library/ubuntu:latest',
    'library/ubuntu': 'docker.io/library/ubuntu:latest',
    'nonlibrary/ubuntu': 'docker.io/nonlibrary/ubuntu:latest',
    'docker.io/nonlibrary/ubuntu': 'docker.io/nonlibrary/ubuntu:latest',
    'other/library': 'docker.io/other/library:latest',
    'docker.io/other/library': 'docker.io/other/library:latest',
    '127.0.0.1:8000/private/moonbase': '127.0.0.1:8000/private/moonbase:latest',
    '127.0.0.1:8000/privatebase': '127.0.0.1:8000/privatebase:latest',
    'example.com/private/moonbase': 'example.com/private/moonbase:latest',
    'example.com/privatebase': 'example.com/privatebase:latest',
    'example.com:8000/private/moonbase': 'example.com:8000/private/moonbase:latest',
    'example.com:8000/privatebasee': 'example.com:8000/privatebasee:latest',
    'ubuntu-12.04-base': 'docker.io/library/ubuntu-12.04-base:latest',
    'docker.io/library/ubuntu-12.04-base': 'docker.io/library/ubuntu-12.04-base:latest',
    'index.docker.io/library/ubuntu-12.04-base': 'docker.io/library/ubuntu-12.04-base:latest',
    foo: 'docker.io/library/foo:latest',
    'docker.io/library/foo': 'docker.io/library/foo:latest',
    'docker.io/foo': 'docker.io/library/foo:latest',
    'library/foo/bar': 'docker.io/library/foo/bar:latest',
    'docker.io/library/foo/bar': 'docker.io/library/foo/bar:latest',
    'store/foo/bar': 'docker.io/store/foo/bar:latest',
    'docker.io/store/foo/bar': 'docker.io/store/foo/bar:latest',
    'Foo/bar': 'Foo/bar:latest',
    'FOO/bar': 'FOO/bar:latest',
  },
  TestParseReferenceWithTagAndDigest: {
    [`busybox:latest@${BUSYBOX_2}`]: `docker.io/library/busybox@${BUSYBOX_2}`,
  },
  TestParseAnyReference: {
    redis: 'docker.io/library/redis:latest',
    'redis:latest': 'docker.io/library/redis:latest',
    'docker.io/library/redis:latest': 'docker.io/library/redis:latest',
    [`redis@sha256:${REDIS}`]: `docker.io/library/redis@sha256:${REDIS}`,
    [`docker.io/library/redis@sha256:${REDIS}`]: `docker.io/library/redis@sha256:${REDIS}`,
    'dmcgowan/myapp': 'docker.io/dmcgowan/myapp:latest',
    'dmcgowan/myapp:latest': 'docker.io/dmcgowan/myapp:latest',
    'docker.io/mcgowan/myapp:latest': 'docker.io/mcgowan/myapp:latest',
    [`dmcgowan/myapp@sha256:${REDIS}`]: `docker.io/dmcgowan/myapp@sha256:${REDIS}`,
    [`docker.io/dmcgowan/myapp@sha256:${REDIS}`]: `docker.io/dmcgowan/myapp@sha256:${REDIS}`,
    // There it is the id of a local image, which no registry has; as a name it is an image called "sha256".
    [`sha256:${REDIS}`]: `docker.io/library/sha256:${REDIS}`,
    [REDIS.slice(0, 63)]: `docker.io/library/${REDIS.slice(0, 63)}:latest`,
    dbcc1: 'docker.io/library/dbcc1:latest',
  },
  TestNormalizedSplitHostname: {
    'test.com/foo': 'test.com/foo:latest',
    'test_com/foo': 'docker.io/test_com/foo:latest',
    'docker/migrator': 'docker.io/docker/migrator:latest',
    'test.com:8080/foo': 'test.com:8080/foo:latest',
    'test-com:8080/foo': 'test-com:8080/foo:latest',
    foo: 'docker.io/library/foo:latest',
    'xn--n3h.com/foo': 'xn--n3h.com/foo:latest',
    'xn--n3h.com:18080/foo': 'xn--n3h.com:18080/foo:latest',
    'docker.io/foo': 'docker.io/library/foo:latest',
    'docker.io/library/foo': 'docker.io/library/foo:latest',
    'docker.io/library/foo/bar': 'docker.io/library/foo/bar:latest',
  },
  TestParseDockerRef: {
    busybox: 'docker.io/library/busybox:latest',
    'busybox:latest': 'docker.io/library/busybox:latest',
    [`busybox@${BUSYBOX}`]: `docker.io/library/busybox@${BUSYBOX}`,
    'library/busybox': 'docker.io/library/busybox:latest',
    'docker.io/busybox': 'docker.io/library/busybox:latest',
    'docker.io/library/busybox': 'docker.io/library/busybox:latest',
    'docker.io/busybox:latest': 'docker.io/library/busybox:latest',
    'library/busybox:latest': 'docker.io/library/busybox:latest',
    'docker.io/library/busybox:latest': 'docker.io/library/busybox:latest',
    'gcr.io/library/busybox': 'gcr.io/library/busybox:latest',
    [`gcr.io/library/busybox:latest@${BUSYBOX}`]: `gcr.io/library/busybox@${BUSYBOX}`,
  },
  // Not normalised there: a first element without dot or port is part of the repository here.
  TestReferenceParse: {
    test_com: 'docker.io/library/test_com:latest',
    'test.com:tag': 'docker.io/library/test.com:tag',
    'test.com:5000': 'docker.io/library/test.com:5000',
    'test.com/repo:tag': 'test.com/repo:tag',
    'test:5000/repo': 'test:5000/repo:latest',
    'test:5000/repo:tag': 'test:5000/repo:tag',
    [`test:5000/repo@${F_64}`]: `test:5000/repo@${F_64}`,
    [`test:5000/repo:tag@${F_64}`]: `test:5000/repo@${F_64}`,
    'lowercase:Uppercase': 'docker.io/library/lowercase:Uppercase',
    [`${'a/'.repeat(127)}a:tag-puts-this-over-max`]: `docker.io/${'a/'.repeat(127)}a:tag-puts-this-over-max`,
    'sub-dom1.foo.com/bar/baz/quux': 'sub-dom1.foo.com/bar/baz/quux:latest',
    'sub-dom1.foo.com/bar/baz/quux:some-long-tag': 'sub-dom1.foo.com/bar/baz/quux:some-long-tag',
    'b.gcr.io/test.example.com/my-app:test.example.com':
      'b.gcr.io/test.example.com/my-app:test.example.com',
    'xn--n3h.com/myimage:xn--n3h.com': 'xn--n3h.com/myimage:xn--n3h.com',
    'foo_bar.com:8080': 'docker.io/library/foo_bar.com:8080',
    'foo/foo_bar.com:8080': 'docker.io/foo/foo_bar.com:8080',
    '192.168.1.1': 'docker.io/library/192.168.1.1:latest',
    '192.168.1.1:tag': 'docker.io/library/192.168.1.1:tag',
    '192.168.1.1:5000': 'docker.io/library/192.168.1.1:5000',
    '192.168.1.1/repo': '192.168.1.1/repo:latest',
    '192.168.1.1:5000/repo': '192.168.1.1:5000/repo:latest',
    '192.168.1.1:5000/repo:5050': '192.168.1.1:5000/repo:5050',
    '[2001:db8::1]/repo': '[2001:db8::1]/repo:latest',
    '[2001:db8:1:2:3:4:5:6]/repo:tag': '[2001:db8:1:2:3:4:5:6]/repo:tag',
    '[2001:db8::1]:5000/repo': '[2001:db8::1]:5000/repo:latest',
    '[2001:db8::1]:5000/repo:tag': '[2001:db8::1]:5000/repo:tag',
    [`[2001:db8::1]:5000/repo@${F_64}`]: `[2001:db8::1]:5000/repo@${F_64}`,
    [`[2001:db8::1]:5000/repo:tag@${F_64}`]: `[2001:db8::1]:5000/repo@${F_64}`,
    '[2001:db8::]:5000/repo': '[2001:db8::]:5000/repo:latest',
    '[::1]:5000/repo': '[::1]:5000/repo:latest',
    [`example.com/${'a'.repeat(255)}:tag`]: `example.com/${'a'.repeat(255)}:tag`,
  },
};

for (const [from, cases] of Object.entries(valid)) {
  for (const [text, expected] of Object.entries(cases)) {
    test(`${from}: ${text} is ${expected}`, () => {
      const { registry, repository, target } = parseImageReference(text);
      const suffix = 'tag' in target ? `:${target.tag}` : `@${target.digest}`;
      assert.equal(`${registry}/${repository}${suffix}`, expected);
    });
  }
}

const invalid: Record<string, readonly string[]> = {
  TestValidateReferenceName: [
    'https://github.com/docker/docker',
    'docker/Docker',
    '-docker',
    '-docker/docker',
    '-docker.io/docker/docker',
    'docker///docker',
    'docker.io/docker/Docker',
    'docker.io/docker///docker',
    '[fc00::1]',
    '[fc00::1]:5000',
    'fc00::1:5000/debian',
    '[fe80::1%eth0]:5000/debian',
    '[2001:db8:3:4::192.0.2.33]:5000/debian',
    HEX_64,
  ],
  TestValidateRemoteName: [
    'docker/Docker',
    'docker///docker',
    HEX_64,
    '-docker/docker',
    'docker-/docker',
    '-docker-/docker',
    '____/____',
    '_docker/_docker',
    'dock..er/docker',
    'dock_.er/docker',
    'dock-.er/docker',
    'docker/',
    `${TOO_LONG}/docker`,
  ],
  TestInvalidReferenceComponents: ['-foo', 'busybox:-foo', 'busybox@foo'],
  // There it is the id of a local image; a container runtime asks no registry for it either.
  TestParseAnyReference: [REDIS],
  TestReferenceParse: [
    '',
    ':justtag',
    `@${F_64}`,
    `repo@sha256:${'f'.repeat(34)}`,
    `validname@invaliddigest:${'f'.repeat(128)}`,
    'Uppercase:tag',
    'test:5000/Uppercase/lowercase:tag',
    `domain/${'a'.repeat(256)}:tag`,
    'aa/asdf$$^/aa',
    '[2001:db8::1]',
    '[2001:db8::1]:5000',
    '[2001:db8::1]:tag',
    '[fe80::1%eth0]:5000/repo',
    '[fe80::1%@invalidzone]:5000/repo',
  ],
  'TestReferenceParse, which takes it: only digests of sha256 are read here': [
    `xn--7o8h.com/myimage:xn--7o8h.com@sha512:${'f'.repeat(128)}`,
  ],
};

for (const [from, texts] of Object.entries(invalid)) {
  for (const text of texts) {
    test(`${from}: ${text === '' ? 'an empty text' : text} is refused`, () => {
      assert.throws(() => parseImageReference(text), { code: 'invalid_image_reference' });
    });
  }
}
