// Runs when npm has found no prebuilt addon for this machine and could not compile one: the output
// of the compiler, or of the search for one, stands above; this says what to do about it.
const COMPILERS = {
  linux: [
    '  Debian, Ubuntu:  apt-get install g++ make python3',
    '  Fedora, RHEL:    dnf install gcc-c++ make python3',
    '  Alpine:          apk add g++ make python3',
  ],
  darwin: ['  xcode-select --install'],
  win32: [
    '  Visual Studio 2022 Build Tools with "Desktop development with C++", and Python 3',
    '  (winget install Microsoft.VisualStudio.2022.BuildTools Python.Python.3.13)',
  ],
};

const target = `${process.platform}-${process.arch}`;
const lines = [
  '',
  `onion-tls: no prebuilt binary loads here (${target}, Node.js ${process.versions.node}), and compiling`,
  'one failed. Compiling needs a C++20 compiler, make and Python 3:',
  ...(COMPILERS[process.platform] ?? ['  a C++20 compiler, make and python3']),
  "Then install again. The compiler's own messages are above.",
  '',
];
process.stderr.write(`${lines.join('\n')}\n`);
process.exitCode = 1;
