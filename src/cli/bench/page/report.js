// Draws the results that the page carries. uPlot is loaded before this script.
(() => {
  'use strict';

  const { results } = JSON.parse(document.getElementById('data').textContent);
  const COLORS = ['#8a8f98', '#0a7cff', '#e08600', '#2aa876', '#a65fd4'];
  const SIZE = { width: 560, height: 280 };
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const ink = dark ? '#ccc' : '#333';

  for (const group of groupBy(results, (result) => `${caseKey(result)} (${result.keyType})`))
    drawCase(group);

  /** Transfers of different sizes are one case: their axis is the size. */
  function caseKey({ case: name, title }) {
    return name === 'sizes' ? 'Transfers by size' : title;
  }

  function drawCase(group) {
    const [first] = group;
    const section = element('section', document.getElementById('cases'));
    element('h2', section, `${caseKey(first)} (${first.keyType})`);
    element(
      'div',
      section,
      first.higherIsBetter ? 'More is better.' : 'Less is better.',
    ).className = 'note';
    const plots = element('div', section);
    plots.className = 'plots';
    const bySize = first.case === 'sizes';
    const axis = bySize
      ? { label: 'KiB', of: (result) => Number(result.title.match(/\d+/)[0]), logarithmic: true }
      : { label: 'layers', of: (result) => result.depth, logarithmic: false };
    drawLines(
      plots,
      group,
      axis,
      `${first.unit}, median and range of ${first.runs} runs`,
      (result) => result.value,
    );
    if (first.case === 'memory') {
      drawLines(
        plots,
        group,
        axis,
        'The same of the client, KiB',
        (result) => result.extras.clientKiB,
      );
    } else {
      drawLines(plots, group, axis, `${first.cpuUnit}, both ends together`, bothEnds);
    }
    if (first.case === 'round-trips') drawLatencies(plots, group);
    if (first.case.endsWith('burst')) {
      drawLines(
        plots,
        group,
        axis,
        'Longest stall of the server, ms',
        (result) => result.extras.stallMs,
      );
    }
    drawTable(section, group);
  }

  function bothEnds({ serverCpu, clientCpu }) {
    const sum = (key) => serverCpu[key] + (clientCpu[key] || 0);
    return { median: sum('median'), min: sum('min'), max: sum('max') };
  }

  /** One line for each contestant, with the range of its runs as a band. */
  function drawLines(parent, group, axis, caption, figure) {
    const xs = [...new Set(group.map(axis.of))].sort((a, b) => a - b);
    const contestants = groupBy(group, (result) => result.contestant);
    const data = [xs];
    const series = [{ label: axis.label }];
    const bands = [];
    contestants.forEach((contestant, index) => {
      const color = COLORS[index % COLORS.length];
      const at = (key) =>
        xs.map((x) => {
          const found = contestant.find((result) => axis.of(result) === x);
          return found ? figure(found)[key] : null;
        });
      const edge = { stroke: 'transparent', points: { show: false }, class: 'edge' };
      const column = data.push(at('median'), at('max'), at('min')) - 3;
      series.push(
        {
          label: contestant[0].contestant,
          stroke: color,
          width: 2,
          points: { size: 7, fill: color },
        },
        edge,
        edge,
      );
      bands.push({ series: [column + 1, column + 2], fill: `${color}33` });
    });
    const single = xs.length === 1;
    const options = {
      ...SIZE,
      series,
      bands,
      scales: {
        x: axis.logarithmic
          ? { time: false, distr: 3 }
          : { time: false, range: single ? [xs[0] - 1, xs[0] + 1] : padded(xs) },
        y: { range: (_plot, _low, high) => [0, high * 1.08 || 1] },
      },
      axes: [
        { ...axisStyle(axis.label), ...(axis.logarithmic ? {} : { splits: () => xs }) },
        axisStyle(''),
      ],
    };
    draw(parent, caption, options, data);
  }

  function padded(xs) {
    return [xs[0] - 0.15, xs[xs.length - 1] + 0.15];
  }

  /** Percentiles of the latency at the largest and the smallest depth. */
  function drawLatencies(parent, group) {
    const depths = [...new Set(group.map((result) => result.depth))];
    const labels = ['p50', 'p90', 'p99', 'p99.9'];
    for (const depth of new Set([Math.min(...depths), Math.max(...depths)])) {
      const shown = group.filter((result) => result.depth === depth);
      const data = [
        labels.map((_, index) => index),
        ...shown.map(({ extras }) => labels.map((label) => extras[label].median)),
      ];
      const options = {
        ...SIZE,
        scales: { x: { time: false, range: [-0.2, labels.length - 0.8] }, y: { distr: 3 } },
        series: [
          { label: 'percentile', value: (_plot, index) => labels[index] ?? '' },
          ...shown.map(({ contestant }, index) => ({
            label: contestant,
            stroke: COLORS[index],
            width: 2,
            points: { size: 7 },
          })),
        ],
        axes: [
          {
            ...axisStyle('percentile'),
            splits: () => data[0],
            values: (_plot, splits) => splits.map((index) => labels[index]),
          },
          axisStyle(''),
        ],
      };
      draw(parent, `Latency at depth ${depth}, µs (logarithmic)`, options, data);
    }
  }

  function draw(parent, caption, options, data) {
    const figure = element('figure', parent);
    element('figcaption', figure, caption);
    new uPlot(options, data, figure);
  }

  function axisStyle(label) {
    return {
      label,
      stroke: ink,
      grid: { stroke: '#8883', width: 1 },
      ticks: { stroke: '#8883' },
      size: label ? 40 : 70,
      labelSize: label ? 22 : 0,
    };
  }

  function drawTable(parent, group) {
    const table = element('table', parent);
    const head = element('tr', table);
    const { unit, cpuUnit, case: name } = group[0];
    const titles = [
      name === 'sizes' ? 'size' : 'layers',
      '',
      unit,
      'min – max',
      'ratio',
      `server ${cpuUnit}`,
      `client ${cpuUnit}`,
      'CPU ratio',
    ];
    for (const title of titles) element('th', head, title);
    let last;
    for (const result of group) {
      const row = element('tr', table);
      const x = name === 'sizes' ? result.title.replace('Transfers of ', '') : result.depth;
      if (x !== last) row.className = 'depth';
      const { value, serverCpu, clientCpu, ratio, cpuRatio } = result;
      const cells = [
        x === last ? '' : x,
        result.contestant,
        format(value.median),
        `${format(value.min)} – ${format(value.max)}`,
      ];
      for (const cell of cells) element('td', row, cell);
      mark(element('td', row, ratio.toFixed(2)), result, result.higherIsBetter ? ratio : 1 / ratio);
      element('td', row, format(serverCpu.median));
      element('td', row, format(clientCpu.median));
      mark(element('td', row, format(cpuRatio)), result, cpuRatio);
      last = x;
    }
  }

  function mark(cell, { contestant, baseline }, goodness) {
    if (contestant !== baseline && Math.abs(goodness - 1) > 0.03)
      cell.className = goodness > 1 ? 'better' : 'worse';
  }

  function format(value) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
    return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
  }

  function element(name, parent, text) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  }

  function groupBy(items, key) {
    const groups = new Map();
    for (const item of items) {
      const name = key(item);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(item);
    }
    return [...groups.values()];
  }
})();
