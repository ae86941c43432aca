using System.Diagnostics;
using Rnn.Data;
using Rnn.Training;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>What a job would be and cost; nothing of it is kept.</summary>
/// <param name="Spec">The spec with every value filled in.</param>
/// <param name="Parameters">Weights of the network.</param>
/// <param name="Steps">Optimizer updates of all epochs.</param>
/// <param name="EstimatedMemoryBytes">Memory at its peak, beside what the idle service needs.</param>
/// <param name="EstimatedSeconds">Time on this machine as busy as it is now, if training does not stop early.</param>
/// <param name="Warnings">What may surprise.</param>
internal sealed record DryRunResponse(TrainingSpec Spec, long Parameters, long Steps, long EstimatedMemoryBytes, double EstimatedSeconds, IReadOnlyList<string> Warnings);

/// <summary>
/// Estimates by doing: reads the data, makes the network and trains it for a moment, so that vocabulary, machine and load are the real ones.
/// One at a time, on a thread of its own.
/// </summary>
internal sealed class DryRun(DatasetReader datasets, StartingPoints starts, RnnServiceOptions options) : IDisposable
{
    // The first steps allocate and run code that is not optimised yet.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1.5);
    // Claiming, publishing and the database's writes of each epoch.
    private const double SecondsOfBooks = 0.25;
    private const double SecondsOfBooksPerEpoch = 0.003;
    // The collector lets about as much garbage stand as there is alive; compiled code and database pages come on top.
    private const long GarbageFactor = 2;
    private const long BytesOfCode = 48 << 20;
    // A checkpoint is a copy of weights, best weights and optimizer state on its way to the database.
    private const int BytesOfCheckpoints = 2;

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>The estimate for a request that can be carried out.</summary>
    public async Task<DryRunResponse> EstimateAsync(CheckedRequest request, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(() => Estimate(request, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            FreedMemory.Release();
            _one.Release();
        }
    }

    private DryRunResponse Estimate(CheckedRequest request, CancellationToken cancellationToken)
    {
        var (spec, task) = (request.Spec, request.Training.Task);
        JobRows? rows(Storage.DatasetRow? row) => row is null ? null : JobRows.Read(datasets, row);
        var start = starts.Load(spec.InitFrom);
        var data = TrainingData.Make(task, spec, SplitRows.Of(JobRows.Read(datasets, request.Training), rows(request.Validation), rows(request.Test), spec.Training), start?.Codec);
        var network = data.MakeNetwork(task, spec.Network);
        network.Initialize((ulong)spec.Training.Seed);
        using var shards = new BatchShards(options.Threads);
        var loop = new TrainingLoop(network, data.Train, data.Validation, TrainingConfigs.Of(spec.Training, data.Train, network), shards);
        IReadOnlyList<string> warnings = [.. request.Warnings, .. UnknownTokens.Warnings(spec.Tokenizer, data)];
        var (steps, seconds) = (1, 0.0);
        try
        {
            (steps, seconds) = TrainForAMoment(loop, cancellationToken);
        }
        catch (TrainingDivergedException diverged)
        {
            warnings = [.. warnings, diverged.Message];
        }

        var total = seconds / steps * loop.TotalSteps + new Measurement(network, data, spec.Tokenizer?.Kind, shards).EstimateSeconds(spec.Training.Epochs) + SecondsOfBooks + (SecondsOfBooksPerEpoch * spec.Training.Epochs);
        if (spec.Training.MaxMinutes is { } most) total = Math.Min(total, 60 * most);
        var live = loop.SizeInBytes + BytesOfCheckpoints * 2L * sizeof(float) * network.Parameters.Length + Bytes(data.Train) + Bytes(data.Validation) + (data.Test is null ? 0 : Bytes(data.Test));
        return new DryRunResponse(spec, network.Parameters.Count, loop.TotalSteps, (GarbageFactor * live) + BytesOfCode, Math.Round(total, 2), warnings);
    }

    /// <summary>Steps that did not end an epoch, and the time they took; those of the warm-up count only where training is over before its end.</summary>
    private static (int Steps, double Seconds) TrainForAMoment(TrainingLoop loop, CancellationToken cancellationToken)
    {
        var (steps, seconds, all, isWarm) = (0, 0.0, Stopwatch.GetTimestamp(), false);
        while (!loop.Finished && (steps == 0 || Stopwatch.GetElapsedTime(all) < WarmUp + Moment))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!isWarm && Stopwatch.GetElapsedTime(all) > WarmUp) (steps, seconds, isWarm) = (0, 0, true);
            var start = Stopwatch.GetTimestamp();
            var report = loop.Advance();
            // One that ends an epoch also measures, and that is counted apart.
            if (report.EpochEnd is not null && loop.StepsPerEpoch > 1) continue;
            steps++;
            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return (Math.Max(1, steps), seconds);
    }

    private static long Bytes(ExampleSet set) => sizeof(int) * Enumerable.Range(0, set.Count).Sum(row => (long)set.Inputs[row].Steps * set.Inputs[row].Width + set.Targets[row].Length);

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();
}
