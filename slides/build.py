"""Build the talk `slides/first_light.md` as HTML that runs offline: `slides/_build/index.html`.

Slides are separated by a line `---`. Three kinds of line are more than Markdown:

    figure: 09_mise "active voxels"   the figure of that chapter whose caption holds these words, live, as stored in the
                                      notebook: slides and book cannot disagree (one a slide);
                                      a last word x1.3 brings the camera of its scenes so much closer
    table: demo                       the results of the run data/runs/demo
    note: ...                         for the speaker (press S)

Needs npm once, for reveal.js and MathJax. With `--check` it only makes sure that every figure and table is there.
"""
import copy
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mistune
import plotly
import yaml

HERE = Path(__file__).resolve().parent
ROOT, BUILD, MODULES = HERE.parent, HERE / '_build', HERE / 'node_modules'
PLOTLY = 'application/vnd.plotly.v1+json'
ENLARGED = 1.4  # a notebook is read from half a metre, a slide from the last row

PAGE = '''<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="reveal/reset.css"><link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="reveal/theme/white.css"><link rel="stylesheet" href="deck.css">
</head><body><div class="reveal"><div class="slides">
{slides}
</div></div>
<script>
window.MathJax = {{startup: {{typeset: false}}, tex: {{inlineMath: [['$', '$']]}}, svg: {{fontCache: 'global'}}}};
</script>
<script src="tex-svg.js"></script><script src="plotly.min.js"></script>
<script src="reveal/reveal.js"></script><script src="reveal/plugin/notes/notes.js"></script>
<script src="deck.js"></script>
</body></html>
'''


def one_line(text):
    "Text without tags and line breaks."
    return ' '.join(re.sub('<[^>]+>', ' ', text).split())


def is_caption(note):
    "Whether an annotation is the caption that `occnet.viz.finished` writes: on the paper, below the lower left corner."
    return (note.get('xref'), note.get('yref'), note.get('x'), note.get('y')) == ('paper', 'paper', 0, 0) \
        and note.get('yanchor') == 'top'


def caption_of(figure):
    "What is written below a figure."
    return one_line(' '.join(a.get('text', '') for a in figure['layout'].get('annotations', []) if is_caption(a)))


def find_figure(chapter, words):
    "The one figure of a chapter whose caption holds these words."
    path = ROOT / 'nbs' / f'{chapter}.ipynb'
    if not path.is_file():
        sys.exit(f'nbs/{chapter}.ipynb: not found. Mend the line `figure: {chapter} …` of first_light.md.')
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    outputs = [out.get('data', {}) for cell in cells for out in cell.get('outputs', [])]
    figures = [data[PLOTLY] for data in outputs if PLOTLY in data]
    found = [f for f in figures if words.lower() in caption_of(f).lower()]
    if len(found) != 1:
        known = '\n  '.join(caption_of(f) for f in figures) or 'none: the chapter was not executed'
        sys.exit(f'{chapter}: {len(found)} figures have {words!r} in their caption. There are:\n  {known}')
    return found[0]


def enlarge(part, inside=''):
    "Multiply whatever a figure gives in pixels."
    if isinstance(part, list):
        return [enlarge(p, inside) for p in part]
    if not isinstance(part, dict):
        return part
    pixels = {'font': {'size'}, 'tickfont': {'size'}, 'marker': {'size'}, 'line': {'width'}, 'pad': set('lrtb'),
              'margin': set('lrtb'), 'annotations': {'xshift', 'yshift'}}.get(inside, set())
    return {key: round(value * ENLARGED, 2) if key in pixels and isinstance(value, int | float)
            else enlarge(value, key) for key, value in part.items()}


def for_a_slide(figure, closer=1.):
    "A figure as a slide shows it: larger type, and without its caption, which becomes a line of the slide."
    figure = enlarge(copy.deepcopy(figure))
    layout = figure['layout']
    notes = layout.get('annotations', [])
    lines = sum(a['text'].count('<br>') + 1 for a in notes if is_caption(a))
    if lines and 'b' in layout.get('margin', {}):
        layout['margin']['b'] -= ENLARGED * (18 * lines + 6)
    layout['annotations'] = [a for a in notes if not is_caption(a)]
    for scene in (layout[key] for key in layout if key.startswith('scene')):
        scene['dragmode'] = 'orbit'  # plotly's turntable has z as its axis and lays y-up shapes on their sides
        eye = scene.get('camera', {}).get('eye', {})
        eye.update({axis: value / closer for axis, value in eye.items()})
    if layout.get('sliders'):
        layout['margin'].update(l=60, r=60)  # room for the labels of its ends
    layout['font'] = {'size': 12 * ENLARGED, **layout.get('font', {}), 'family': 'Source Sans Pro, sans-serif'}
    return {'frames': [], 'config': {}, **figure}


def figure_block(chapter, words, closer):
    "The place where deck.js draws a figure, with its caption and the chapter it comes from."
    figure = find_figure(chapter, words)
    said = html.escape(caption_of(figure))
    drawn = json.dumps(for_a_slide(figure, float(closer or 1))).replace('</', '<\\/')
    return (f'<div class="plot" role="img" aria-label="{said}"><script type="application/json">{drawn}</script></div>'
            f'<p class="caption">{said} <span class="chapter">{chapter}</span></p>')


def table_block(name):
    "The results of a run as a table: one row for each class, and the mean over all shapes."
    folder = ROOT / 'data' / 'runs' / name
    for file, command in (('metrics.json', 'evaluate'), ('info.json', 'fit'), ('config.yaml', 'fit')):
        if not (folder / file).is_file():
            sys.exit(f'data/runs/{name}/{file}: not found. `occnet {command}` writes it; without it the slide '
                     f'`table: {name}` cannot be made.')
    measured, info = (json.loads((folder / f).read_text(encoding='utf-8')) for f in ('metrics.json', 'info.json'))
    seed = yaml.safe_load((folder / 'config.yaml').read_text(encoding='utf-8')).get('seed')
    shown = {'iou': ('IoU', 'fraction', 3), 'chamfer_l1': ('Chamfer-L1', 'cube edges', 4),
             'chamfer_l1_x10': ('Chamfer-L1', 'tenths, as in papers', 3),
             'normal_consistency': ('Normals', 'mean |cosine|', 3), 'f_score_0.01': ('F-score', 'within 0.01 edges', 3)}
    shown = {key: what for key, what in shown.items() if key in measured['mean']}
    rows = {**dict(sorted(measured['classes'].items())), f'mean of {measured["count"]} shapes': measured['mean']}
    head = ''.join(f'<th>{title}<small>{unit}</small></th>' for title, unit, _ in shown.values())
    body = ''.join(f'<tr><td>{html.escape(row)}</td>' + ''.join(f'<td>{values[k]:.{shown[k][2]}f}</td>' for k in shown)
                   + '</tr>' for row, values in rows.items())
    said = (f'{measured["failures"]} of {measured["count"]} have no surface. {info["steps"]:,} steps in '
            f'{info["seconds"] / 60:.1f} minutes on {info["device"]}, seed {seed}.')
    return (f'<table class="results"><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>'
            f'<p class="caption">{html.escape(said)} <span class="chapter">data/runs/{name}</span></p>')


def slide(text):
    "One slide: Markdown with figures, tables and notes. Formulas are left to MathJax as they stand."
    blocks, notes = [], re.findall(r'^note: (.+)$', text, re.M)

    def keep(block):
        blocks.append(block)
        return f'@@{len(blocks) - 1}@@'

    text = re.sub(r'^note: .+$', '', text, flags=re.M)
    text = re.sub(r'\$\$.+?\$\$|\$[^$\n]+\$', lambda m: keep(html.escape(m[0])), text, flags=re.S)
    text = re.sub(r'^figure: (\S+) "(.+)"(?: x([\d.]+))?$', lambda m: keep(figure_block(*m.groups())), text, flags=re.M)
    text = re.sub(r'^table: (\S+)$', lambda m: keep(table_block(m[1])), text, flags=re.M)
    body = mistune.create_markdown(escape=False, plugins=['table'])(text)
    body = re.sub(r'<p>@@(\d+)@@</p>', lambda m: wrapped(blocks[int(m[1])]), body)
    body = re.sub(r'@@(\d+)@@', lambda m: blocks[int(m[1])], body)
    aside = ''.join(f'<p>{html.escape(note)}</p>' for note in notes)
    return f'<section>{body}<aside class="notes">{aside}</aside></section>'


def wrapped(block):
    "A formula stays a paragraph; a figure or a table is none."
    return block if block.startswith('<') else f'<p class="formula">{block}</p>'


def install():
    "Fetch reveal.js and MathJax once, as package-lock.json pins them."
    wanted = json.loads((HERE / 'package.json').read_text(encoding='utf-8'))['dependencies']
    have = {name: MODULES / name / 'package.json' for name in wanted}
    if all(p.is_file() and json.loads(p.read_text(encoding='utf-8'))['version'] == wanted[n] for n, p in have.items()):
        return
    npm = shutil.which('npm')
    if npm is None:
        sys.exit('npm: not found. The slides need it once, for reveal.js and MathJax: install Node.js, or '
                 'copy slides/node_modules from another machine.')
    print('Fetching reveal.js and MathJax with npm: once.', flush=True)
    if subprocess.run([npm, 'ci', '--silent', '--no-audit', '--no-fund', '--ignore-scripts'], cwd=HERE).returncode:
        sys.exit('npm ci: failed in slides/. It needs the npm registry once; try again when there is a network.')


def assets():
    "Copy what the page needs, so that it runs without a network."
    reveal = MODULES / 'reveal.js'
    shutil.copytree(reveal / 'dist', BUILD / 'reveal', ignore=shutil.ignore_patterns('*.map', '*.esm.js'))
    shutil.copytree(reveal / 'plugin' / 'notes', BUILD / 'reveal' / 'plugin' / 'notes')
    shutil.copy(MODULES / 'mathjax' / 'es5' / 'tex-svg.js', BUILD)
    shutil.copy(Path(plotly.__file__).parent / 'package_data' / 'plotly.min.js', BUILD)
    for name in ('deck.css', 'deck.js'):
        shutil.copy(HERE / name, BUILD)


def main():
    "Make the page; a slide that cannot be made stops the build before anything is written."
    text = (HERE / 'first_light.md').read_text(encoding='utf-8')
    slides = [slide(part) for part in re.split(r'^---$', text, flags=re.M)]
    title = re.search(r'^# (.+)$', text, re.M)[1]
    if sys.argv[1:] == ['--check']:
        return
    install()
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir()
    assets()
    page = PAGE.format(title=html.escape(title), slides='\n'.join(slides))
    (BUILD / 'index.html').write_text(page, encoding='utf-8')
    print(f'{len(slides)} slides. Open this page in a browser (S: notes, ?print-pdf: for printing):')
    print(BUILD / 'index.html')


if __name__ == '__main__':
    main()
