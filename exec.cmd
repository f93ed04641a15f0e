@rem Scripts in package.json begin with "exec", so that the shell of npm hands its process, with signals and exit status,
@rem to Node. On Windows, where there is nothing to hand over, this stands in for the shell's own word.
@%*
