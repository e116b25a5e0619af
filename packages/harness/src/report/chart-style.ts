interface StateColors {
  readonly fill: string;
  readonly ink: string;
  /** The color of the lines of the state's pattern. */
  readonly hatch?: string;
}

interface Palette {
  readonly base: Readonly<Record<string, string>>;
  readonly states: Readonly<Record<string, StateColors>>;
}

// Text has a contrast of 4.5 or more on every fill and on the lines of every pattern. The browser tests compute it.
const LIGHT: Palette = {
  base: {
    page: "#fbfbf9",
    surface: "#ffffff",
    ink: "#1c2024",
    muted: "#596069",
    line: "#dcdfe3",
    strong: "#8a919a",
    accent: "#1f5a9c",
    good: "#1d6b49",
    "on-good": "#ffffff",
    bad: "#b0281e",
    "on-bad": "#ffffff",
  },
  states: {
    primary: { fill: "#33639b", ink: "#ffffff" },
    replica: { fill: "#dce6f1", ink: "#27425f" },
    unknown: { fill: "#e9e9e6", ink: "#4b4f54" },
    silent: { fill: "#fbfbf9", ink: "#596069" },
    suspected: { fill: "#f8e7bd", ink: "#503a05", hatch: "#f0d491" },
    "declared-dead": { fill: "#8d332d", ink: "#ffffff", hatch: "#7c2823" },
    "election-delay": { fill: "#e9e3f6", ink: "#453279", hatch: "#dad0ef" },
    election: { fill: "#6a4db0", ink: "#ffffff" },
    writable: { fill: "#d5e9de", ink: "#1f4b37" },
    unavailable: { fill: "#f8dcd7", ink: "#6d1f17", hatch: "#f0c1b9" },
  },
};

const DARK: Palette = {
  base: {
    page: "#14171a",
    surface: "#1b1f23",
    ink: "#e7e9ec",
    muted: "#a3acb6",
    line: "#30363c",
    strong: "#707a85",
    accent: "#8fbcf0",
    good: "#74cfa2",
    "on-good": "#082818",
    bad: "#ff9f95",
    "on-bad": "#3a0803",
  },
  states: {
    primary: { fill: "#7ba6d8", ink: "#0c1a29" },
    replica: { fill: "#26384b", ink: "#cfe0f2" },
    unknown: { fill: "#2b3035", ink: "#c3c8cd" },
    silent: { fill: "#14171a", ink: "#a3acb6" },
    suspected: { fill: "#5a4714", ink: "#ffedc4", hatch: "#6b561d" },
    "declared-dead": { fill: "#d98b84", ink: "#2c0906", hatch: "#cb7a73" },
    "election-delay": { fill: "#37304f", ink: "#ded5f7", hatch: "#443b62" },
    election: { fill: "#b29ce6", ink: "#1c1137" },
    writable: { fill: "#1f3b30", ink: "#c0e5d3" },
    unavailable: { fill: "#552824", ink: "#ffdbd6", hatch: "#69332e" },
  },
};

function variables({ base, states }: Palette): string {
  return [
    ...Object.entries(base).map(([name, color]) => `--${name}:${color};`),
    ...Object.entries(states).map(
      ([name, { fill, ink, hatch = fill }]) => `--${name}:${fill};--on-${name}:${ink};--in-${name}:${hatch};`,
    ),
  ].join("");
}

const STATES: readonly string[] = Object.keys(LIGHT.states);

/** The colors of a chart: one theme, or the one that the reader prefers. */
export type Theme = "light" | "dark" | "auto";

/** The style of a chart, for a page or a picture. The colors of the theme are custom properties. */
export function chartStyle(theme: Theme): string {
  return `${colors(theme)}\n${CHART_RULES}`;
}

function colors(theme: Theme): string {
  if (theme === "auto")
    return `:root{color-scheme:light dark;${variables(LIGHT)}}\n@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}`;
  return `:root{color-scheme:${theme};${variables(theme === "light" ? LIGHT : DARK)}}`;
}

const CHART_RULES = `.chart text{font:12px/1 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums;fill:var(--ink)}
.chart .paper{fill:var(--page)}
.chart .grid{stroke:var(--line)}
.chart .zero{stroke:var(--strong);stroke-width:1.5;stroke-dasharray:2 3}
.chart .tick,.chart .legend{fill:var(--muted)}
.chart .name{font-size:13px;font-weight:600}
.chart .list{font-size:13px}
.chart .fill{stroke-width:1}
.chart .s-silent .fill{stroke:var(--strong);stroke-dasharray:3 3}
.chart .leader{fill:none;stroke:var(--ink);stroke-width:1;opacity:.7}
.chart .mark text{font-size:11px;font-weight:600}
.chart .mark :is(circle,rect,path){stroke:var(--page);stroke-width:1.5}
.chart .t-fault rect{fill:var(--ink)}
.chart .t-fault text{fill:var(--page)}
.chart .t-step circle{fill:var(--page);stroke:var(--strong)}
.chart .t-trouble circle{fill:var(--page);stroke:var(--bad);stroke-width:2}
.chart .t-milestone circle{fill:var(--good)}
.chart .t-milestone text{fill:var(--on-good)}
.chart .t-finding path{fill:var(--bad)}
.chart .t-finding text{fill:var(--on-bad)}
${STATES.map((state) => `.chart .s-${state} .fill{fill:var(--${state})}.chart .s-${state} text{fill:var(--on-${state})}.chart .p-${state}{stroke:var(--in-${state});stroke-width:3;fill:none}`).join("\n")}`;
