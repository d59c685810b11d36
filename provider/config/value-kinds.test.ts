import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  absolutePath,
  boolean,
  duration,
  integer,
  listOf,
  oneOf,
  quantity,
  url,
  type ValueKind,
} from './value-kinds.ts';

const small = integer({ min: 1, max: 10 });
const short = duration({ min: '100ms', max: '1m' });
const https = url('https');

const readable: Record<string, [kind: ValueKind<unknown>, text: string, value: unknown]> = {
  'true is true': [boolean, 'true', true],
  'false is false': [boolean, 'false', false],
  'an integer may be the least': [small, '1', 1],
  'an integer may be the greatest': [small, '10', 10],
  'seconds are read': [short, '15s', 15_000],
  'units add up': [duration({ min: '0s', max: '2h' }), '1h1m1s500ms', 3_661_500],
  'a fraction is read': [short, '1.5s', 1_500],
  'a zero needs no unit': [duration({ min: '0s', max: '1s' }), '0', 0],
  'a duration may be the greatest': [short, '60s', 60_000],
  'milli-CPUs are a quantity': [quantity, '10m', '10m'],
  'mebibytes are a quantity': [quantity, '64Mi', '64Mi'],
  'a fraction is a quantity': [quantity, '0.5', '0.5'],
  'an exponent is a quantity': [quantity, '1e3', '1e3'],
  'an https URL is read': [https, 'https://piggy.svc:8443', 'https://piggy.svc:8443'],
  'a default port may be written': [https, 'https://piggy.svc:443', 'https://piggy.svc:443'],
  'an IPv6 address is a host': [https, 'https://[fd00::1]:8443', 'https://[fd00::1]:8443'],
  'one of several values is read': [oneOf('a', 'b'), 'b', 'b'],
  'blanks and empty entries of a list do not count': [listOf(small), ' 1, 2,,3 ,', [1, 2, 3]],
  'a list may be empty': [listOf(small), '', []],
};

for (const [name, [kind, text, value]] of Object.entries(readable)) {
  test(name, () => {
    assert.deepEqual(kind.parse(text), value);
  });
}

const refused: Record<string, [kind: ValueKind<unknown>, text: string, message: RegExp]> = {
  '"yes" is no boolean': [boolean, 'yes', /must be true or false/],
  '"1" is no boolean': [boolean, '1', /must be true or false/],
  '"True" is no boolean': [boolean, 'True', /must be true or false/],
  'an integer below the range': [small, '0', /whole number from 1 to 10/],
  'an integer above the range': [small, '11', /whole number from 1 to 10/],
  'a fraction as integer': [small, '1.5', /whole number/],
  'a negative integer': [small, '-1', /whole number/],
  'an exponent as integer': [small, '1e1', /whole number/],
  'a hexadecimal integer': [small, '0x1', /whole number/],
  'a duration without a unit': [short, '15', /such as 500ms, 15s or 1m30s/],
  'a duration in days': [short, '1d', /such as 500ms/],
  'a negative duration': [short, '-1s', /such as 500ms/],
  'a duration with blanks': [short, '1 s', /such as 500ms/],
  'a duration below the range': [short, '99ms', /from 100ms to 1m/],
  'a duration above the range': [short, '61s', /from 100ms to 1m/],
  'a quantity with an unknown suffix': [quantity, '64MB', /a quantity/],
  'a negative quantity': [quantity, '-1', /a quantity/],
  'an http URL where https is wanted': [https, 'http://piggy.svc', /an https URL/],
  'a URL with a path': [https, 'https://piggy.svc/v1', /without path/],
  'a URL that ends in a slash': [https, 'https://piggy.svc/', /without path/],
  'a URL with a query': [https, 'https://piggy.svc/?a=b', /without path/],
  'a URL with a password': [https, 'https://a:b@piggy.svc', /without path, user/],
  'a host alone as URL': [https, 'piggy.svc:8443', /an https URL/],
  'a relative path': [absolutePath, 'tls/tls.crt', /an absolute path/],
  'a value that is not among several': [oneOf('a', 'b'), 'c', /one of a, b/],
  'a list with a bad entry, which is named': [listOf(small), '1, x', /entry "x" that must be/],
  'a list that is too long': [listOf(small, 2), '1,2,3', /at most 2 entries/],
};

for (const [name, [kind, text, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => kind.parse(text), { name: 'RangeError', message });
  });
}

test('hostile values are refused without much thought', () => {
  const hostile = [
    '1'.repeat(100_000),
    '1.'.repeat(50_000),
    '1s'.repeat(50_000),
    'a.'.repeat(50_000),
  ];
  for (const text of hostile) {
    for (const kind of [short, quantity, https, small]) {
      assert.throws(() => kind.parse(text), RangeError);
    }
  }
});
