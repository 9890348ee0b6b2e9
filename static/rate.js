// The rate of a running send as a line, drawn by uPlot from what the live card says each time it is replaced.
(() => {
  "use strict";

  const figure = document.getElementById("rate");
  if (!figure || !window.uPlot) return;
  const plot = figure.querySelector("[data-plot]");
  const words = figure.querySelector("figcaption");
  // Canvas can't read light-dark(): the colours come from elements that wear them.
  const accent = getComputedStyle(plot).color;
  const quiet = getComputedStyle(words).color;
  const faint = (colour, part) => colour.replace("rgb(", "rgba(").replace(")", `, ${part})`);
  const clock = (_plot, seconds) => seconds.map((s) => new Date(s * 1000).toLocaleTimeString("en-GB", { timeZone: figure.dataset.zone }));
  const at = [];
  const rate = [];
  let before = null;
  let chart = null;

  const draw = () => {
    if (!chart) {
      figure.hidden = false;
      chart = new window.uPlot({
        width: plot.clientWidth,
        height: 140,
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_u, _low, high) => [0, Math.max(60, high * 1.1)] } },
        axes: [
          { stroke: quiet, grid: { show: false }, ticks: { show: false }, space: 110, values: clock },
          { stroke: quiet, size: 60, grid: { stroke: faint(quiet, 0.18) }, ticks: { show: false } },
        ],
        series: [{}, { stroke: accent, width: 2, fill: faint(accent, 0.12), points: { show: false } }],
      }, [at, rate], plot);
    } else {
      chart.setData([at, rate]);
    }
    words.textContent = `Now ${Math.round(rate[rate.length - 1]).toLocaleString("en")} messages a minute.`;
  };

  const look = () => {
    const card = document.querySelector("[data-decided]");
    if (!card) return;
    const now = { at: Date.now() / 1000, decided: Number(card.dataset.decided) };
    if (before && now.at > before.at) {
      at.push(now.at);
      rate.push((now.decided - before.decided) / (now.at - before.at) * 60);
      if (at.length > 300) { at.shift(); rate.shift(); }
      if (at.length > 1) draw();
    }
    before = now;
  };

  look();
  document.body.addEventListener("htmx:afterSettle", look);
  window.addEventListener("resize", () => chart && chart.setSize({ width: plot.clientWidth, height: 140 }));
})();
