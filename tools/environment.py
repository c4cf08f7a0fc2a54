"""Make `.venv` from `constraints.txt` when it is missing or out of date, then run a command in it.

    python3 tools/environment.py tools/suite.py --checks-only

Needs nothing but Python 3.11 or newer. Several calls at once wait for the one that installs. An interrupted
installation is finished by the next call.
"""
import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / '.venv'
BIN = VENV / ('Scripts' if os.name == 'nt' else 'bin')
PYTHON = BIN / ('python.exe' if os.name == 'nt' else 'python')
STAMP = VENV / 'installed.txt'
WANTED = ['constraints.txt', 'settings.ini', 'setup.py']


def fingerprint():
    "What the environment was made from: the pins, the requirements, this folder and this Python."
    text = b''.join((ROOT / name).read_bytes() for name in WANTED) + f'{ROOT}{sys.version}'.encode()
    return hashlib.sha256(text).hexdigest()


@contextlib.contextmanager
def one_at_a_time():
    "Let only one process install; where there is no file locking, each for itself."
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(ROOT / '.venv.lock', 'w') as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ready():
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()


def install():
    "Create the environment and install the pinned packages and occnet itself, editable."
    print('Making the environment in .venv: about two minutes, once.', flush=True)
    subprocess.run([sys.executable, '-m', 'venv', VENV], check=True)
    pip = [PYTHON, '-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--progress-bar', 'off']
    subprocess.run([*pip, '--constraint', 'constraints.txt', '--editable', '.[dev]'], cwd=ROOT, check=True)
    STAMP.write_text(fingerprint())


def main():
    if sys.version_info < (3, 11):
        sys.exit(f'occnet needs Python 3.11 or newer; this is {sys.version.split()[0]}. Call `make PY=python3.11 …`.')
    if not ready():
        with one_at_a_time():
            if not ready():
                try:
                    install()
                except subprocess.CalledProcessError as error:
                    sys.exit(f'The installation failed (exit code {error.returncode}); the lines above say why. '
                             'Mend that and call again: it goes on where it stopped.')
    environment = {**os.environ, 'VIRTUAL_ENV': str(VENV), 'PATH': f'{BIN}{os.pathsep}{os.environ.get("PATH", "")}'}
    environment.pop('PYTHONHOME', None)
    try:
        return subprocess.run([PYTHON, *sys.argv[1:]], cwd=ROOT, env=environment).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())
