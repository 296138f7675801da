import { formatSize, parseSize } from '../../src/cli/sizes';

describe('parseSize', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['64MiB', 64 * 2 ** 20],
    ['64 mib', 64 * 2 ** 20],
    ['1.5GB', 1.5e9],
    ['2KB', 2000],
    ['7b', 7],
  ])('reads %j', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'MiB', '-1', '1e3', '5 parsecs', '99999999GiB'])('refuses %j', (text) => {
    expect(() => parseSize(text)).toThrow('not a number of bytes');
  });
});

describe('formatSize', () => {
  test.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [64 * 2 ** 20, '64 MiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
  ])('writes %d', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});
