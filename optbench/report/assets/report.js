"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const LAYOUT = {
    margin: { l: 56, r: 12, t: 40, b: 44 },
    font: { family: "system-ui, sans-serif", size: 12, color: "#1d2733" },
    hovermode: "closest",
    legend: { orientation: "h", y: -0.28 },
    paper_bgcolor: "#fff",
    plot_bgcolor: "#fff",
  };
  const TITLE = { font: { size: 14 }, x: 0, xref: "paper", xanchor: "left" };
  const GRID = { gridcolor: "#eceff2", zerolinecolor: "#dfe5ea", automargin: true };
  const CONFIG = { displaylogo: false, responsive: true, toImageButtonOptions: { format: "svg" } };
  const TITLES = {
    train_loss: "Training loss", val_loss: "Validation loss", val_accuracy: "Validation accuracy", test_accuracy: "Test accuracy",
    gradient_norm: "Norm of the gradient", update_norm: "Norm of the last change", weight_norm: "Norm of the weights",
    distance: "Distance from the first weights",
    epochs: "epochs", seconds: "seconds (median over seeds)", evaluations: "gradient evaluations",
    tsne: "t-SNE, jointly", pca: "Principal components 1 and 2",
  };
  // Names come from plugins: Plotly reads a little HTML in text, so what could be markup is escaped.
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const transparent = (colour) => colour + "26";

  function curveTraces(task, metric, axis) {
    const traces = [];
    for (const [variant, curves] of Object.entries(task.curves)) {
      const { colour, dash } = data.styles[variant];
      const band = curves.metrics[metric];
      const x = axis === "epochs" ? band.median.map((_, epoch) => epoch) : curves[axis];
      const edge = { x, mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false, legendgroup: variant };
      traces.push({ ...edge, y: band.low });
      traces.push({ ...edge, y: band.high, fill: "tonexty", fillcolor: transparent(colour) });
      traces.push({
        x, y: band.median, mode: "lines", name: plain(variant), legendgroup: variant, line: { color: colour, dash, width: 2 },
        hovertemplate: "%{y:.4g} at %{x:.4g}",
      });
    }
    return traces;
  }

  function drawCurves(article) {
    const task = data.tasks[Number(article.dataset.task)];
    const what = article.querySelector(".what").value;
    const axis = article.querySelector(".axis").value;
    const log = article.querySelector(".log").checked;
    for (const chart of article.querySelectorAll(".chart[data-score]")) {
      const metric = chart.dataset[what];
      const scale = !metric.endsWith("accuracy") && log ? "log" : "linear";
      chart.setAttribute("aria-label", `${TITLES[metric]} of each optimizer`);
      Plotly.react(chart, curveTraces(task, metric, axis), {
        ...LAYOUT,
        title: { ...TITLE, text: TITLES[metric] },
        xaxis: { ...GRID, title: { text: TITLES[axis] } },
        yaxis: { ...GRID, type: scale },
      }, CONFIG);
    }
  }

  function pathTraces(task, picture) {
    const named = new Set();
    return task.paths.flatMap((path) => {
      const { colour, dash } = data.styles[path.variant];
      const [x, y] = path[picture];
      const last = x.length - 1;
      const showlegend = !named.has(path.variant);
      named.add(path.variant);
      const label = `${plain(path.variant)}, seed ${path.seed}`;
      const end = (at, symbol, size) => ({
        x: [x[at]], y: [y[at]], mode: "markers", legendgroup: path.variant, showlegend: false,
        marker: { symbol, size, color: colour, line: { color: "#fff", width: 1 } },
        hovertemplate: `${label}, epoch ${path.epochs[at]}<extra></extra>`,
      });
      return [
        {
          x, y, mode: "lines", name: plain(path.variant), legendgroup: path.variant, showlegend, line: { color: colour, dash, width: 1.2 },
          text: path.epochs, hovertemplate: `${label}, epoch %{text}<extra></extra>`, opacity: 0.75,
        },
        end(last, "circle", 8),
        end(0, "star", 13),
      ];
    });
  }

  function drawPictures(article) {
    const task = data.tasks[Number(article.dataset.task)];
    for (const chart of article.querySelectorAll(".chart[data-picture]")) {
      const axis = { ...GRID, showticklabels: false, zeroline: false };
      Plotly.react(chart, pathTraces(task, chart.dataset.picture), {
        ...LAYOUT,
        title: { ...TITLE, text: TITLES[chart.dataset.picture] },
        xaxis: axis,
        yaxis: { ...axis, scaleanchor: chart.dataset.picture === "pca" ? "x" : undefined },
      }, CONFIG);
    }
  }

  function show(number) {
    for (const article of document.querySelectorAll("article.task")) {
      article.hidden = article.dataset.task !== number;
      if (!article.hidden) {
        drawCurves(article);
        drawPictures(article);
      }
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
        const order = (a, b) => (value(a) === undefined
          ? a.cells[column].textContent.localeCompare(b.cells[column].textContent)
          : Number(value(a)) - Number(value(b)));
        const body = table.tBodies[0];
        body.append(...[...body.rows].sort((a, b) => (ascending ? order(a, b) : order(b, a))));
      });
    });
  }

  document.querySelectorAll("table.sortable").forEach(makeSortable);
  const select = document.getElementById("task");
  select.addEventListener("change", () => show(select.value));
  document.querySelectorAll("article.task").forEach((article) => {
    article.querySelectorAll(".what, .axis, .log").forEach((control) => control.addEventListener("change", () => drawCurves(article)));
  });
  show(select.value);
})();
