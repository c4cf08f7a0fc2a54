"""The main job from end to end: `occnet prepare | fit | reconstruct | evaluate | page`, with the preset `demo`.

    python tools/demo.py            # procedural shapes, nothing to download -> out/demo/index.html
    python tools/demo.py FOLDER     # your own meshes                        -> out/demo-FOLDER/index.html

Each step finds what an earlier run has finished and goes on from there.
"""
import os
import re
import subprocess
import sys
import time
from pathlib import Path

OCCNET = Path(sys.executable).parent / 'occnet'


def main(meshes=''):
    "Run the commands one after the other; stop at the first that fails."
    folder = Path('out') / ('demo' + ('-' + re.sub(r'\W+', '-', Path(meshes).resolve().name) if meshes else ''))
    store, run, results = folder / 'shapes.h5', folder / 'run', folder / 'reconstructions'
    preset = 'demo-meshes' if meshes else 'demo'
    source = ['--meshes', meshes] if meshes else []
    commands = [
        ['prepare', '--out', store, *source],
        ['fit', '--run', run, '--store', store],
        ['reconstruct', '--run', run, '--store', store, '--out', results],
        ['evaluate', '--store', store, '--out', results],
        ['page', '--run', run, '--store', store, '--out', results, '--page', folder / 'index.html'],
    ]
    start = time.perf_counter()
    for command in commands:
        print(f'\n$ occnet {" ".join(map(str, command))}', flush=True)
        done = subprocess.run([OCCNET, '--preset', preset, *command], env={**os.environ, 'PYTHONUNBUFFERED': '1'})
        if done.returncode:
            return done.returncode
    print(f'\n{time.perf_counter() - start:.0f} seconds in all. Open this page in a browser:')
    print((folder / 'index.html').resolve())
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(*sys.argv[1:2]))
    except KeyboardInterrupt:
        sys.exit('Interrupted. The same command goes on from here.')
