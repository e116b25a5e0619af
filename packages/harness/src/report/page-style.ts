import { chartStyle } from "./chart-style.ts";

/** The style of the page: system fonts, one column, and boxes that scroll for wide content. */
export const PAGE_STYLE: string = `${chartStyle("auto")}
*{box-sizing:border-box}
html{background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1120px;padding:40px 40px 80px;overflow-wrap:anywhere}
h1{font-size:26px;line-height:1.25;margin:0 0 8px;letter-spacing:-.01em}
h2{font-size:20px;line-height:1.3;margin:0 0 4px}
h3{font-size:15px;margin:28px 0 8px}
p{margin:6px 0}
a{color:var(--accent)}
nav ol{margin:12px 0 0;padding-left:24px}
nav li{margin:3px 0}
section{margin-top:36px;padding-top:28px;border-top:1px solid var(--line)}
.summary{font-size:18px;max-width:72ch}
.detail,.when{color:var(--muted);font-size:14px}
.outcome{display:inline-block;font-size:12px;font-weight:600;line-height:1.6;padding:0 8px;border-radius:10px;vertical-align:2px}
.outcome.passed{background:var(--good);color:var(--on-good)}
.outcome.failed{background:var(--bad);color:var(--on-bad)}
figure{margin:20px 0 0;padding:20px 20px 12px;background:var(--surface);border:1px solid var(--line);border-radius:10px}
figure svg{display:block;max-width:100%;height:auto}
.narrow{display:none}
figcaption{min-height:44px;margin-top:10px;padding-top:10px;border-top:1px solid var(--line);color:var(--muted);font-size:14px;font-variant-numeric:tabular-nums}
figcaption.shown{color:var(--ink)}
.mark,.bar{cursor:default}
.mark:focus{outline:none}
.mark:focus-visible :is(circle,rect,path){stroke:var(--accent);stroke-width:3.5}
:is(a,.scroll):focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.scroll{position:relative;overflow-x:auto;margin:12px 0 20px}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;min-width:min(100%,640px)}
caption{text-align:left;font-weight:600;padding:0 0 6px}
th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
thead th{color:var(--muted);font-weight:600;white-space:nowrap}
tbody th{font-weight:500}
.number,.marks tbody th{text-align:right;white-space:nowrap}
.writes,.lost{min-width:0}
@media (max-width:720px){
body{padding:20px 14px 48px}
h1{font-size:22px}
.summary{font-size:16px}
figure{padding:12px 8px 8px;border-radius:8px}
.wide{display:none}
.narrow{display:block}
table{min-width:0}
.marks thead,.shards thead{position:absolute;left:0;width:1px;height:1px;clip-path:inset(50%);overflow:hidden;white-space:nowrap}
.marks tr{display:grid;grid-template-columns:28px 64px 1fr;border-bottom:1px solid var(--line);padding:6px 0}
.marks :is(th,td){border:0;padding:0 8px 0 0}
.marks td:nth-child(4){grid-column:3;color:var(--muted)}
.marks td:nth-child(5){grid-column:3}
}
@media print{figure{break-inside:avoid}}`;
