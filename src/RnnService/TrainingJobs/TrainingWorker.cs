using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Hangfire;
using Rnn.Data;
using Rnn.Models;
using Rnn.Tensors;
using Rnn.Training;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>What Hangfire calls with a job's id: claims the row, trains, publishes. Its thread drives; BatchShards' threads compute.</summary>
internal sealed class TrainingWorker(
    JobLedger ledger, JobQueue queue, RunningJobs runningJobs, Blobs blobs, DatasetReader datasets, StartingPoints starts, ReceiptReplays replays, ModelRegistry registry,
    RnnServiceOptions options, IHostApplicationLifetime lifetime, ILogger<TrainingWorker> log)
{
    /// <summary>So many starts without a checkpoint in between fail a job: it probably kills its process.</summary>
    public const int MostAttempts = 5;

    /// <summary>Does the job, unless somebody else does it already. When the process ends, it stores a checkpoint and hands the job back.</summary>
    /// <param name="jobId">The job.</param>
    [AutomaticRetry(Attempts = 0)]
    public void Run(string jobId)
    {
        queue.Taken(jobId);
        if (ledger.Claim(jobId, $"{Environment.MachineName}-{Environment.ProcessId}") is not var (claim, job)) return;
        // The trace of the request that made the job goes on here, hours later and on another machine as it may be.
        using var activity = Telemetry.Activities.StartActivity("training job", ActivityKind.Consumer, job.TraceParent);
        activity?.SetTag("rnnservice.job.id", jobId).SetTag("rnnservice.job.attempt", job.Attempt);
        var running = new RunningJob(lifetime.ApplicationStopping);
        if (job.CancelRequested) running.Cancel();
        runningJobs.Add(jobId, running);
        try
        {
            using var heartbeat = new JobHeartbeat(ledger, claim, running, log);
            if (job.Attempt >= MostAttempts)
                ledger.End(claim, JobStatus.Failed, $"The job was started {job.Attempt} times without reaching a checkpoint; it may need more memory than there is. Resume it to try again.");
            else
                Work(claim, job, running, heartbeat);
        }
        catch (FencedException)
        {
            Telemetry.Lease("fenced");
            JobLog.Fenced(log, jobId);
        }
        catch (Exception error) when (DatabaseAbsence.Caused(error))
        {
            // Nothing more can be written, an end neither: whoever claims it when the database is back goes on from the checkpoint.
            JobLog.LeftBehind(log, jobId, error);
        }
        catch (Exception error)
        {
            Fail(claim, job, error);
        }
        finally
        {
            runningJobs.Remove(jobId);
            // Its end may have been the sweep's, which then has published the best.
            if (job.SweepId is not null) registry.Forget();
            FreedMemory.Release();
        }
    }

    private void Work(JobClaim claim, TrainingJobRow job, RunningJob running, JobHeartbeat heartbeat)
    {
        var spec = JsonSerializer.Deserialize<TrainingSpec>(job.SpecJson, JsonConventions.Stored)!;
        var receipt = replays.Receipt(job);
        if (receipt is not null && ReceiptReplays.Incomparable(receipt, spec) is { } incomparable)
        {
            ledger.EndReplay(claim, incomparable, null, null);
            return;
        }

        var checkpoint = LatestCheckpoint(job.Id);
        var training = ledger.Dataset(job.DatasetId);
        var start = starts.Load(spec.InitFrom);
        var known = checkpoint is not null ? Codec.ReadFrom(checkpoint.Metadata, emits: training.Task is LearningTask.Captioning or LearningTask.Translation or LearningTask.LanguageModeling) : start?.Codec;
        using var shards = new BatchShards(options.Threads);
        var (data, competitor) = Read(job, spec, training, known, competes: receipt is null, shards);
        ledger.AppendWarnings(claim, [.. UnknownTokens.Warnings(spec.Tokenizer, data)]);
        var network = data.MakeNetwork(training.Task, spec.Network);
        if (start is null) network.Initialize((ulong)spec.Training.Seed);
        else start.Network.Parameters.Values.CopyTo(network.Parameters.Values);
        ledger.RewindMetrics(claim, checkpoint?.State.Step ?? 0);
        var progress = checkpoint is null || job.ProgressJson is null ? StoredProgress.None(spec.Training.Epochs) : JsonSerializer.Deserialize<StoredProgress>(job.ProgressJson, JsonConventions.Stored)!;
        var metrics = job.MetricsJson is null ? new JobMetrics() : JsonSerializer.Deserialize<JobMetrics>(job.MetricsJson, JsonConventions.Stored)!;

        var run = new TrainingRun(claim, training.Task, spec, data, competitor, network, shards, ledger, checkpoint, progress, metrics);
        ledger.AppendMetrics(claim, [], run.Best);
        var metadata = new Dictionary<string, string>();
        data.Codec.WriteTo(metadata);
        using var checkpoints = new CheckpointWriter(blobs, ledger, claim, running, metadata, log);
        JobLog.Starts(log, job.Id, run.Progress.Shown.Step, job.Attempt);
        var done = run.Train(running, heartbeat, checkpoints, receipt?.Steps);
        if (running.IsFenced) throw new FencedException(claim);
        if (!done) run.Save(checkpoints);
        else checkpoints.Drain();
        if (!done && !running.IsCancelled)
        {
            ledger.Release(claim);
            JobLog.HandedBack(log, job.Id, run.Progress.Shown.Step);
        }
        else if (!done && (receipt is not null || !run.HasBest))
        {
            ledger.End(claim, JobStatus.Cancelled, null);
            JobLog.Ended(log, job.Id, "cancelled", receipt is null ? "before the first epoch's end" : "without a verdict");
        }
        else if (receipt is not null)
        {
            Verify(claim, job, receipt, run);
        }
        else
        {
            Publish(claim, job, spec, training, run, done ? JobStatus.Succeeded : JobStatus.Cancelled);
        }
    }

    /// <summary>The data and what must be beaten on it. A method of its own, so that the rows as they are stored are not kept while the job trains.</summary>
    private (TrainingData Data, Competitor? Competitor) Read(TrainingJobRow job, TrainingSpec spec, DatasetRow training, Codec? known, bool competes, BatchShards shards)
    {
        if (training.Task == LearningTask.LanguageModeling)
        {
            var text = ReadText(job, spec, training, known);
            FreedMemory.Release();
            var baseline = competes ? Competitor.MeasureText(spec, text) : null;
            FreedMemory.Release();
            return (text, baseline);
        }

        var rows = Rows(job, spec, training);
        var data = TrainingData.Make(training.Task, spec, rows, known);
        return (data, competes ? Competitor.Measure(training.Task, spec, rows, data, shards) : null);
    }

    // Apart, so that the text is gone when its tokens are there.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private TrainingData ReadText(TrainingJobRow job, TrainingSpec spec, DatasetRow training, Codec? known) => TrainingData.Make(training.Task, spec, Rows(job, spec, training), known);

    private SplitRows Rows(TrainingJobRow job, TrainingSpec spec, DatasetRow training)
    {
        JobRows? read(string? id) => id is null ? null : JobRows.Read(datasets, ledger.Dataset(id));
        return SplitRows.Of(JobRows.Read(datasets, training), read(job.ValidationDatasetId), read(job.TestDatasetId), spec.Training);
    }

    private Checkpoint? LatestCheckpoint(string jobId)
    {
        foreach (var row in ledger.Checkpoints(jobId))
        {
            try
            {
                using var stream = blobs.OpenAsync(row.BlobId, $"the checkpoint of {jobId} at step {row.Step}", CancellationToken.None).GetAwaiter().GetResult();
                return Checkpoint.Read(stream);
            }
            catch (Exception error) when (error is CorruptBlobException or InvalidDataException)
            {
                JobLog.CheckpointUnreadable(log, jobId, row.Step, error);
            }
        }

        return null;
    }

    private void Publish(JobClaim claim, TrainingJobRow job, TrainingSpec spec, DatasetRow training, TrainingRun run, JobStatus status)
    {
        var (model, metrics, points) = run.Finish();
        var receipt = new ModelReceipt(training.Sha256, JsonElement.Parse(job.SpecJson), spec.Training.Seed, EngineIdentity.Version, EngineIdentity.InstructionSet, SafeTensors.Sha256(model.Tensors),
            job.ValidationDatasetId is { } validation ? ledger.Dataset(validation).Sha256 : null, run.Progress.Shown.Step);
        var blob = ledger.WaitOut(() => Store(model, job));
        int? number;
        try
        {
            var version = new NewVersion(job.Model, training.Task, job.Id, blob.Id, job.SpecJson,
                JsonSerializer.Serialize(metrics with { Baseline = null }, JsonConventions.Stored), receipt);
            number = ledger.Publish(claim, status, version, metrics, run.Progress, points);
        }
        catch
        {
            blobs.GiveUpAsync(blob.Id).GetAwaiter().GetResult();
            throw;
        }

        registry.Forget();
        // A job of a sweep cannot be resumed.
        if (status == JobStatus.Succeeded || job.SweepId is not null) ledger.DropCheckpoints(claim);
        JobLog.Ended(log, job.Id, SnakeCaseEnum<JobStatus>.Write(status), number is null ? "left to its sweep" : $"{job.Model}:{number}");
    }

    private BlobRow Store(TrainedModel model, TrainingJobRow job)
    {
        using var writer = blobs.Create(BlobKind.Weights);
        model.Save(writer, new Dictionary<string, string> { ["model"] = job.Model, ["spec"] = job.SpecJson });
        return writer.CompleteAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>What to set after a job has diverged again and again.</summary>
    private string Remedy(TrainingJobRow job, TrainingDivergedException diverged)
    {
        var spec = JsonSerializer.Deserialize<TrainingSpec>(job.SpecJson, JsonConventions.Stored)!;
        if (diverged.Step == 1 && spec.Features is { Scaling: Scaling.None })
            return "No learning rate helps before the first update: the numbers are too large for the network. Set features.scaling to standard or robust (now none).";
        var usual = SpecDefaults.For(StoredDataset.Of(ledger.Dataset(job.DatasetId)).Facts).LearningRateOf(spec.Training.Optimizer);
        var rate = Math.Min(usual, spec.Training.LearningRate / 16);
        var clip = spec.Training.ClipNorm == 0 ? " and training.clip_norm to 1 (now 0: nothing is clipped)" : spec.Training.ClipNorm > 1 ? FormattableString.Invariant($" and training.clip_norm to 1 (now {spec.Training.ClipNorm})") : "";
        return FormattableString.Invariant($"Going back with half the learning rate did not help, three times. Set training.learning_rate to {rate:G3} (now {spec.Training.LearningRate}){clip}.");
    }

    private void Verify(JobClaim claim, TrainingJobRow job, ModelReceipt receipt, TrainingRun run)
    {
        var (model, metrics, _) = run.Finish();
        var verdict = replays.Compare(job, receipt, model);
        ledger.EndReplay(claim, verdict, metrics, run.Progress);
        ledger.DropCheckpoints(claim);
        JobLog.Ended(log, job.Id, "succeeded", verdict.Detail);
    }

    private void Fail(JobClaim claim, TrainingJobRow job, Exception error)
    {
        JobLog.Failed(log, claim.JobId, error);
        var sentence = error switch
        {
            TrainingDivergedException diverged => $"{error.Message} {Remedy(job, diverged)}",
            // What only the data could tell.
            ProblemException { Problem: var found } => $"{found.Detail} {found.Hint}",
            OutOfMemoryException => "There was not enough memory. Make network.hidden_size, training.batch_size or the vocabulary smaller, or shorten the longest sequences.",
            _ when CorruptBlobException.Sentence(error) is { } damage => $"Stored data is damaged: {damage}",
            _ => $"Training stopped on an unexpected error, {error.GetType().Name}: {error.Message}",
        };
        try
        {
            ledger.End(claim, JobStatus.Failed, sentence);
        }
        catch (FencedException)
        {
            Telemetry.Lease("fenced");
            JobLog.Fenced(log, claim.JobId);
        }
    }
}
