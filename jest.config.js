'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '/test/support/',
    // Changes bytes of the addon as Linux has it; the scripts under test run there only.
    ...(process.platform === 'linux' ? [] : ['/test/install/']),
  ],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.test.json' }] },
  // Sources name each other as they are named once compiled ('./errors.js').
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testTimeout: 30_000,
  // Half of the processors: many tests have a peer in a process of its own.
  maxWorkers: '50%',
};
