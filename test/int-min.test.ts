import { expect, test } from 'vitest';
import { intMin } from '../src/int-min.ts';

test('intMin(2, -2) is -2', () => {
  expect(intMin(2, -2)).toBe(-2);
});

test.each([
  [0, 1, 0],
  [1, 0, 0],
  [2, -2, -2],
  [0, -1, -1],
  [-1, 0, -1],
])('intMin(%i, %i) is %i', (a, b, expected) => {
  expect(intMin(a, b)).toBe(expected);
});
