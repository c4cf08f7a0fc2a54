"""Measure `occnet.solidify` on a folder of meshes: closed, how fast, how near, and how right.

    python benchmarks/solidify.py FOLDER --out data/runs/solidify/result.json

Every mesh goes through the lattice, the closed ones too (`force`), because their own winding number is the truth to
compare with. They also go through it damaged: cut into triangles
with sides up to a tenth, half of them turned over and three deleted. The baseline
is the usual recipe, a shell of .55 lattice spacings around the triangles with everything it encloses filled.
"""
import argparse
import datetime
import json
import platform
import time
from pathlib import Path

import igl
import mcubes
import numpy as np
import trimesh
from scipy import ndimage

from occnet.errors import MeshError, atomic_write
from occnet.inside import contains, is_closed
from occnet.meshes import SUFFIXES, load_mesh, normalise
from occnet.repair import mend, two_faces
from occnet.solidify import solidify


def distances(points, mesh):
    "Distance of points (n, 3) to the triangles of a mesh."
    return np.sqrt(igl.point_mesh_squared_distance(points, np.array(mesh.vertices), np.array(mesh.faces, np.int64))[0])


def inflated(mesh, resolution):
    "The baseline: everything within .55 spacings of a triangle, and what that encloses."
    h = 1.1 / resolution
    low = mesh.bounds[0] - 4.31831 * h
    shape = tuple(np.ceil((mesh.bounds[1] - low) / h).astype(int) + 5)
    near = np.zeros(shape, bool)
    near[tuple(np.rint((trimesh.sample.sample_surface(mesh, 300_000, seed=0)[0] - low) / h).astype(int).T)] = True
    nodes = np.flatnonzero(ndimage.binary_dilation(near, np.ones((3, 3, 3)), iterations=2))
    d = np.full(np.prod(shape), 2.)
    d[nodes] = distances(np.stack(np.unravel_index(nodes, shape), 1) * h + low, mesh) / h
    d = d.reshape(shape)
    region = ndimage.label(d > .55)[0]
    v, f = mcubes.marching_cubes(.55 - np.where((region == region[0, 0, 0]) | (region == 0), d, -d), 0.)
    return trimesh.Trimesh(v * h + low, f.astype(np.int64), process=False)


def iou(truth, mesh, p):
    "Intersection over union of a mesh with known answers at points p."
    inside = contains(mesh, p)
    return float((truth & inside).sum() / max((truth | inside).sum(), 1))


def damaged(mesh, rng):
    "Cut into triangles with sides up to a tenth; half of them inside out, three of them gone."
    vertices, faces = trimesh.remesh.subdivide_to_size(mesh.vertices, mesh.faces, .1)
    faces = np.where(rng.random(len(faces))[:, None] < .5, faces[:, ::-1], faces)
    return trimesh.Trimesh(vertices, faces[rng.permutation(len(faces))[3:]], process=False)


def measure(path, resolution, points):
    "One row of the table. Lengths in spacings."
    mesh, rng, h = normalise(load_mesh(path))[0], np.random.default_rng(0), 1.1 / resolution
    start, cpu = time.perf_counter(), time.process_time()
    solid = solidify(mesh, resolution, force=True)
    row = dict(name=path.stem, faces=len(mesh.faces), faces_out=len(solid.mesh.faces), source_closed=is_closed(mesh),
               seconds=time.perf_counter() - start, cpu_seconds=time.process_time() - cpu,
               closed=two_faces(solid.mesh.faces) and solid.mesh.volume > 0, bound=solid.error_bound / h,
               interior=solid.interior_fraction, thin_shell=solid.thin_shell, capped=solid.capped)
    there = distances(trimesh.sample.sample_surface(solid.mesh, points, seed=0)[0], mesh) / h
    p = trimesh.sample.sample_surface(mesh, points, seed=0)[0]
    back = np.where(contains(solid.mesh, p), 0, distances(p, solid.mesh) / h)
    row |= dict(to_source_mean=there.mean(), to_source_max=there.max())
    row |= dict(to_solid_mean=back.mean(), to_solid_max=back.max())
    whole = mend(mesh)
    if whole is not None:
        p = rng.uniform(mesh.bounds[0] - .02, mesh.bounds[1] + .02, (points, 3))
        truth, worse = contains(whole, p), solidify(damaged(mesh, rng), resolution, force=True)
        row |= dict(clean=whole is mesh, iou=iou(truth, solid.mesh, p), iou_damaged=iou(truth, worse.mesh, p),
                    iou_inflated=iou(truth, inflated(mesh, resolution), p))
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
    return {k: round(v, 5) if isinstance(v, float) else v for k, v in plain.items()}


def summary(rows):
    "Means and extremes over all rows, and over those whose truth is known."
    known = [r for r in rows if 'iou' in r]
    column = lambda key, some=rows: np.array([r[key] for r in some])
    result = dict(meshes=len(rows), closed_before=column('source_closed').sum(), closed_after=column('closed').sum(),
                  thin_shells=column('thin_shell').sum(), capped=(column('capped') > 0).sum(),
                  cpu_seconds_median=np.median(column('cpu_seconds')), cpu_seconds_max=column('cpu_seconds').max(),
                  bound_2h=(column('bound') <= 2).sum(), bound_max=column('bound').max(), known=len(known))
    for key in ('to_source', 'to_solid'):
        result |= {f'{key}_mean': column(f'{key}_mean').mean(), f'{key}_max': column(f'{key}_max').max()}
    for key in ('iou', 'iou_damaged', 'iou_inflated') if known else ():
        some = column(key, known)
        result |= {f'{key}_mean': some.mean(), f'{key}_median': np.median(some), f'{key}_min': some.min()}
    return {k: round(float(v), 4) if isinstance(v, np.floating) else int(v) for k, v in result.items()}


def main():
    "Measure a folder, print as it goes, write the record."
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--out', type=Path, help='where to write the record, as JSON')
    parser.add_argument('--resolution', type=int, default=144)
    parser.add_argument('--points', type=int, default=20_000, help='samples a mesh and a measure')
    parser.add_argument('--about', default='', help='what the meshes are, for the record')
    args = parser.parse_args()
    rows, skipped = [], []
    for path in sorted(p for p in args.folder.rglob('*') if p.suffix.lower() in SUFFIXES):
        try:
            r = measure(path, args.resolution, args.points)
        except MeshError as error:
            skipped.append([path.name, error.problem])
            continue
        rows.append(r)
        print(f'{r["name"][:44]:44} {r["faces"]:6d} -> {r["faces_out"]:6d} faces  {r["cpu_seconds"]:5.2f} s  '
              f'bound {r["bound"]:5.2f} h  enclosed {r["interior"]:.3f}  '
              + ' '.join(f'{k} {r[k]:.3f}' for k in ('iou', 'iou_damaged', 'iou_inflated') if k in r),
              flush=True)
    if not rows:
        raise SystemExit(f'{args.folder}: no meshes. Give a folder of {" ".join(SUFFIXES)} files.')
    result = dict(summary=summary(rows), about=args.about, skipped=skipped, date=datetime.date.today().isoformat(),
                  command='python benchmarks/solidify.py <folder of meshes> '
                          f'--resolution {args.resolution} --points {args.points}',
                  machine=f'{platform.machine()}, one core, Python {platform.python_version()}', rows=rows)
    print(json.dumps(result['summary'], indent=1))
    if args.out:
        with atomic_write(args.out) as part:
            part.write_text(json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main()
