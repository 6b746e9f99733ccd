"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const LAYOUT = {
    margin: { l: 56, r: 12, t: 40, b: 44 },
    font: { family: "system-ui, sans-serif", size: 12, color: "#1d2733" },
    hovermode: "closest",
    legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", font: { size: 11 } },
    paper_bgcolor: "#fff",
    plot_bgcolor: "#fff",
  };
  const TITLE = { font: { size: 14 }, x: 0, xref: "paper", xanchor: "left" };
  const GRID = { gridcolor: "#eceff2", zerolinecolor: "#dfe5ea", automargin: true };
  // Without a pointer that hovers, plotly's buttons would always cover the title.
  const BUTTONS = window.matchMedia("(hover: hover)").matches ? "hover" : false;
  const CONFIG = { displaylogo: false, responsive: true, displayModeBar: BUTTONS, toImageButtonOptions: { format: "svg" } };
  // Plotly reads a little HTML in text, and text comes from plugins: what could be markup is escaped.
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const transparent = (colour) => colour + "26";

  function allPlain(value) {
    if (typeof value === "string") return plain(value);
    if (Array.isArray(value)) return value.map(allPlain);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, allPlain(one)]));
  }

  // Arrays are 32-bit floats in base64; NaN is a gap.
  function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }

  const axisTitle = (text) => ({ text: plain(text), standoff: 6 });

  // A chart takes the figure's specification and the settings of its controls, and returns traces and axes.
  const CHARTS = {
    traces: (spec) => ({
      traces: allPlain(spec.traces),
      xaxis: { ...GRID, title: axisTitle(spec.x) },
      yaxis: { ...GRID, title: axisTitle(spec.y), type: spec.log ? "log" : undefined },
    }),

    curves(spec, settings) {
      const traces = [];
      for (const [variant, curves] of Object.entries(data.workloads[spec.workload].curves)) {
        const { colour, dash } = data.styles[variant];
        const band = curves.metrics[spec.metric];
        const median = unpacked(band.median);
        if (settings.axis !== "epochs" && !curves.axes[settings.axis]) continue; // not recorded for this variant
        const x = settings.axis === "epochs" ? median.map((_, epoch) => epoch) : unpacked(curves.axes[settings.axis]);
        const edge = { x, mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false, legendgroup: plain(variant) };
        traces.push({ ...edge, y: unpacked(band.low) });
        traces.push({ ...edge, y: unpacked(band.high), fill: "tonexty", fillcolor: transparent(colour) });
        traces.push({
          x, y: median, mode: "lines", name: plain(variant), legendgroup: plain(variant), line: { color: colour, dash, width: 2 },
          hovertemplate: "%{y:.4g} at %{x:.4g}",
        });
      }
      const log = data.metrics[spec.metric].log && settings.log;
      return {
        traces,
        xaxis: { ...GRID, title: axisTitle(settings.axisLabel) },
        yaxis: { ...GRID, type: log ? "log" : "linear" },
      };
    },

    trajectories(spec) {
      const named = new Set();
      const traces = data.workloads[spec.workload].paths.flatMap((path) => {
        const { colour, dash } = data.styles[path.variant];
        const [x, y] = path[spec.picture].map(unpacked);
        const epochs = Array.from(unpacked(path.epochs));
        const showlegend = !named.has(path.variant);
        named.add(path.variant);
        const name = plain(path.variant);
        const label = `${name}, seed ${path.seed}`;
        const end = (at, symbol, size) => ({
          x: [x[at]], y: [y[at]], mode: "markers", legendgroup: name, showlegend: false,
          marker: { symbol, size, color: colour, line: { color: "#fff", width: 1 } },
          text: [`${label}, epoch ${epochs[at]}`], hoverinfo: "text",
        });
        return [
          {
            x, y, mode: "lines", name, legendgroup: name, showlegend, line: { color: colour, dash, width: 1.2 },
            text: epochs.map((epoch) => `${label}, epoch ${epoch}`), hoverinfo: "text", opacity: 0.75,
          },
          end(x.length - 1, "circle", 8),
          end(0, "star", 13),
        ];
      });
      const axis = { ...GRID, showticklabels: false, zeroline: false };
      return { traces, xaxis: axis, yaxis: { ...axis, scaleanchor: spec.picture === "pca" ? "x" : undefined } };
    },
  };

  function draw(chart, settings) {
    const spec = data.figures[Number(chart.dataset.figure)];
    try {
      const { traces, xaxis, yaxis } = CHARTS[spec.chart](spec, settings);
      Plotly.react(chart, traces, { ...LAYOUT, title: { ...TITLE, text: plain(spec.title) }, xaxis, yaxis }, CONFIG);
    } catch (error) {
      chart.textContent = `This figure cannot be drawn: ${error.message}`;
    }
  }

  function drawWorkload(article) {
    const axis = article.querySelector(".axis");
    const settings = {
      axis: axis.value,
      axisLabel: axis.selectedOptions[0].textContent,
      log: article.querySelector(".log").checked,
    };
    const group = article.querySelector(".group").value;
    for (const figure of article.querySelectorAll("figure")) {
      figure.hidden = figure.dataset.group !== undefined && figure.dataset.group !== group;
      if (!figure.hidden) draw(figure.querySelector(".chart"), settings);
    }
  }

  function show(number) {
    for (const article of document.querySelectorAll("article.workload")) {
      article.hidden = article.dataset.workload !== number;
      if (!article.hidden) drawWorkload(article);
    }
  }

  function makeSortable(table) {
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const value = (row) => row.cells[column].dataset.value;
        const order = (a, b) => (value(a) === undefined || value(b) === undefined
          ? a.cells[column].textContent.localeCompare(b.cells[column].textContent)
          : Number(value(a)) - Number(value(b)));
        const body = table.tBodies[0];
        body.append(...[...body.rows].sort((a, b) => (ascending ? order(a, b) : order(b, a))));
      });
    });
  }

  document.querySelectorAll("table.sortable").forEach(makeSortable);
  const select = document.getElementById("workload");
  select.addEventListener("change", () => show(select.value));
  document.querySelectorAll("article.workload").forEach((article) => {
    article.querySelectorAll(".group, .axis, .log").forEach((control) => control.addEventListener("change", () => drawWorkload(article)));
  });
  show(select.value);
  document.querySelectorAll("main > section > figure .chart").forEach((chart) => draw(chart, { axis: "epochs", axisLabel: "Epochs", log: true }));
})();
