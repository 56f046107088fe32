"""What the training of every network has in common: loop, optimiser, averages, checkpoints, log.

A network brings batches (`Feed`) and a loss; the loop does the rest:

    network = MouthNet()
    learner = Learner("mouth-64", network, out, matrices=between_features(network), clip=20.0)
    schedule = Schedule(rate=3e-3, minutes=30)
    Loop([learner], feed, loss, schedule, log=out.with_suffix(".jsonl")).run()

The same command resumes from the checkpoint; SIGTERM ends a run with a checkpoint.
"""
