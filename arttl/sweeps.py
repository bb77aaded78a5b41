"""Many runs, one after the other: which are still to be done, and doing them."""

from __future__ import annotations

from arttl.errors import InputError


def runs_to_do(specs, data, options):
    """Those runs that are not complete yet, or all with --force.

    Arguments:
        specs: what describes a run: objects with a `folder` (RunFolder), a `title`, and `settings(data)`.
        data: what the runs have in common, as their `settings` takes it.
        options: a namespace with `force` and `resume`.

    Raises InputError for an unfinished run without --resume, and for one made with other settings.
    """
    to_do = []
    for spec in specs:
        if not options.force:
            if spec.folder.is_started:
                spec.folder.check_same(spec.settings(data))
            if spec.folder.is_complete:
                continue
            if spec.folder.is_started and not options.resume:
                raise InputError(f"{spec.folder.path} is unfinished; --resume continues it, --force starts it anew")
        to_do.append(spec)
    return to_do


def do_runs(specs, data, options, run, prepare=lambda specs: None):
    """Do the runs that are not done yet, or with --dry-run only list them.

    Arguments:
        specs, data, options: as of `runs_to_do`; `options` has `dry_run` too.
        run: a function of a spec, the data and `options.force` that does it.
        prepare: a function of the runs to do, called before the first one.

    Returns whether there are results.
    """
    to_do = runs_to_do(specs, data, options)
    if options.dry_run:
        for spec in specs:
            print(f"{'to do' if spec in to_do else 'done '}  {spec.folder.path}  ({spec.title})")
        return False
    prepare(to_do)
    for number, spec in enumerate(to_do, 1):
        print(f"[{number}/{len(to_do)}] {spec.title} -> {spec.folder.path}", flush=True)
        run(spec, data, options.force)
    if len(to_do) < len(specs):
        print(f"{len(specs) - len(to_do)} of {len(specs)} runs were finished already; --force makes them anew")
    return True
