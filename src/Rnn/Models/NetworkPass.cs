using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>What a pass over a batch, or a shard of it, found.</summary>
/// <param name="Loss">Summed over the targets, smoothed and weighted as the objective says.</param>
/// <param name="Correct">Targets whose logit was the largest.</param>
/// <param name="Targets">Targets that count.</param>
/// <param name="Tokens">Steps that were trained.</param>
public readonly record struct PassResult(double Loss, int Correct, int Targets, int Tokens)
{
    /// <summary>What both found.</summary>
    public static PassResult operator +(PassResult a, PassResult b) => new(a.Loss + b.Loss, a.Correct + b.Correct, a.Targets + b.Targets, a.Tokens + b.Tokens);
}

/// <summary>
/// One thread's work on a <see cref="Network"/>: assign rows, then run forward (and back). Holds the batch, scratch memory and what the backward pass
/// reads; reused from step to step.
/// </summary>
/// <param name="head">From the features of a target to its logits.</param>
public abstract class NetworkPass(OutputHead head)
{
    // Their logits are made, judged and gone through backward while they are near: all of a large vocabulary's fill no cache.
    private const int TargetsAtATime = 256;

    private int[] _targets = [];
    private int _count;

    /// <summary>Targets in the order of the rows of the logits; negative ones do not count.</summary>
    public ReadOnlySpan<int> Targets => _targets.AsSpan(0, _count);

    /// <summary>States carried from one window of a stream to the next, <c>[rows of the whole batch, CarriedStateSize]</c>: read at the start of a forward pass, overwritten at its end. Empty: every pass starts from zero.</summary>
    public Memory<float> CarriedStates { get; set; }

    /// <summary>Whether a backward pass may follow a forward one. Without, what only it would read is not kept, which is faster; the logits are the same.</summary>
    public bool KeepsTrace { get; set; } = true;

    /// <summary>Steps of the assigned rows that count as trained.</summary>
    public abstract int Tokens { get; }

    /// <summary>The targets of a network that reads them back while it emits; else null.</summary>
    private protected virtual TargetBatch? Emitted => null;

    private protected Workspace Workspace { get; } = new();

    /// <summary>Floats of scratch memory that the passes so far needed.</summary>
    internal long ScratchLength => Workspace.Capacity;

    /// <summary>Takes every <paramref name="stride"/>-th row from <paramref name="first"/> on of the given rows of a set, which come longest first.</summary>
    public abstract void Assign(ExampleSet examples, ReadOnlySpan<int> rows, int first = 0, int stride = 1);

    /// <summary>Replaces a share of the input tokens by the unknown one (<see cref="Batch.ReplaceByUnknown"/>).</summary>
    public virtual void ReplaceByUnknown(float rate, ulong key)
    {
    }

    /// <summary>Runs forward and lets a share of the steps read what the network chose instead of the true token (<see cref="TargetBatch.ReplaceByChosen"/>); only where outputs are fed back.</summary>
    public void ReplaceByChosen(float rate, ulong key)
    {
        if (rate <= 0 || Emitted is not { } batch) return;
        ReadOnlySpan<float> logits = Forward();
        int[] chosen = new int[_count];
        for (int row = 0; row < chosen.Length; row++) chosen[row] = TensorPrimitives.IndexOfMax(logits.Slice(row * head.Outputs, head.Outputs));
        batch.ReplaceByChosen(chosen, rate, key);
    }

    /// <summary>The logits <c>[targets, outputs]</c> of the assigned rows, without dropout; valid until the pass is used again. The network must be packed.</summary>
    public Span<float> Forward()
    {
        Memory<float> features = Features(dropoutKey: null);
        Span<float> logits = Workspace.Rent(_count * head.Outputs).Span;
        head.Forward(features, _count, logits, Workspace);
        return logits;
    }

    /// <summary>
    /// One training pass: adds the gradient of <paramref name="scale"/> × the summed loss to <paramref name="denseGradients"/>;
    /// that of a sparse embedding stays in the pass until <see cref="AddSparseGradients"/>, that of a folded one in <see cref="Tables"/>.
    /// </summary>
    public PassResult ForwardBackward(Objective objective, float scale, ulong dropoutKey, Span<float> denseGradients)
    {
        RequireTrace();
        Memory<float> features = Features(dropoutKey);
        // What is smaller is kept for all targets: the gradient of the features or, where the scan multiplies it on its way back, that of the logits.
        bool byStep = head.Outputs <= head.InputSize && head.IsPlain && ReadsLogitGradients(dropoutKey);
        Memory<float> dFeatures = byStep ? default : Workspace.Rent(_count * head.InputSize);
        LogitGradients = byStep ? Workspace.Rent(_count * head.Outputs) : default;
        (int Block, int Used) mark = Workspace.Mark;
        (double loss, int correct, int targets) = (0, 0, 0);
        for (int first = 0; first < _count; first += TargetsAtATime)
        {
            int count = Math.Min(TargetsAtATime, _count - first);
            Memory<float> part = features.Slice(first * head.InputSize, count * head.InputSize);
            Span<float> logits = (byStep ? LogitGradients.Slice(first * head.Outputs, count * head.Outputs) : Workspace.Rent(count * head.Outputs)).Span;
            Memory<float> projected = head.Forward(part, count, logits, Workspace);
            ReadOnlySpan<int> wanted = Targets.Slice(first, count);
            foreach (int target in wanted) targets += target < 0 ? 0 : 1;
            loss += CrossEntropy.ForwardBackward(logits, head.Outputs, wanted, objective.LabelSmoothing, scale, objective.ClassWeights.Span, out int right);
            correct += right;
            head.Backward(part.Span, projected, count, logits, byStep ? default : dFeatures.Span.Slice(first * head.InputSize, part.Length), denseGradients, Workspace);
            Workspace.BackTo(mark);
        }

        Backward(dFeatures, dropoutKey, denseGradients);
        return new PassResult(loss, correct, targets, Tokens);
    }

    /// <summary>Adds the gradients of sparse parameters of the last <see cref="ForwardBackward"/> to a buffer over all parameters.</summary>
    public virtual void AddSparseGradients(Span<float> gradients)
    {
    }

    /// <summary>Zeroes what <see cref="AddSparseGradients"/> wrote.</summary>
    public virtual void ClearSparseGradients(Span<float> gradients)
    {
    }

    /// <summary>The gradients of what embeddings are folded into, of the last <see cref="ForwardBackward"/>: products that are still to be done.</summary>
    internal IReadOnlyList<RecurrentCell.TableGradient> Tables => [.. Recurrences.SelectMany(recurrence => recurrence.Activations.Tables)];

    /// <summary>Whether cells that read from the end need a <see cref="Probe"/> of their own: the last step they read is the first.</summary>
    internal bool ProbesTwice => Recurrences.Any(recurrence => recurrence.Layout == LogitLayout && recurrence.Directions > 1);

    /// <summary>
    /// How far back gradients reach: the loss at one step of each assigned row (the last that counts, or the <paramref name="first"/>), without dropout,
    /// and the norm of its gradient at every state of the cells that read that step last. Adds the gradient of the weights to <paramref name="denseGradients"/>.
    /// </summary>
    internal IReadOnlyList<StateFlow> Probe(bool first, Span<float> denseGradients)
    {
        RequireTrace();
        ProbesOneStep = true;
        Memory<float> features = Features(dropoutKey: null);
        Span<float> logits = Workspace.Rent(_count * head.Outputs).Span;
        Memory<float> projected = head.Forward(features, _count, logits, Workspace);
        CrossEntropy.ForwardBackward(logits, head.Outputs, Targets, smoothing: 0, scale: 1);
        var flows = new List<Func<StateFlow>>();
        foreach (Recurrence recurrence in Recurrences)
        {
            bool hasLogits = recurrence.Layout == LogitLayout;
            int[] kept = hasLogits ? KeepOneStep(logits, recurrence.Layout, first) : [];
            StateGradientNorms[] norms = [.. recurrence.Stack.Cells.Select(_ => new StateGradientNorms(recurrence.Layout))];
            recurrence.Activations.GradientNorms = norms;
            for (int i = 0; i < norms.Length; i++)
            {
                bool reverse = i % recurrence.Directions == 1;
                if (hasLogits && reverse != first) continue;
                int[] lossSteps = hasLogits ? kept : [.. recurrence.Layout.Lengths.ToArray().Select(length => reverse ? 0 : length - 1)];
                (RecurrentCell cell, int layer, StateGradientNorms of) = (recurrence.Stack.Cells[i], i / recurrence.Directions, norms[i]);
                CellActivity activity = cell.Activity(recurrence.Activations.Traces[i]);
                flows.Add(() => new StateFlow(recurrence.Part, layer, reverse, cell, of.HByLag(lossSteps, reverse), cell.HasCellState ? of.CByLag(lossSteps, reverse) : [], activity));
            }
        }

        Memory<float> dFeatures = Workspace.Rent(_count * head.InputSize);
        head.Backward(features.Span, projected, _count, logits, dFeatures.Span, denseGradients, Workspace);
        Backward(dFeatures, dropoutKey: null, denseGradients);
        foreach (Recurrence recurrence in Recurrences) recurrence.Activations.GradientNorms = null;
        ProbesOneStep = false;
        return [.. flows.Select(flow => flow())];
    }

    /// <summary>The recurrent layers of the pass; none in a network of one step.</summary>
    private protected virtual IReadOnlyList<Recurrence> Recurrences => [];

    /// <summary>How the logits lie where every step has one; null where a row has one.</summary>
    private protected virtual SequenceLayout? LogitLayout => null;

    /// <summary>Whether the pass is a <see cref="Probe"/>: then what reads all steps at once, pooling or attention, must not, for gradients would reach every state by it.</summary>
    private protected bool ProbesOneStep { get; private set; }

    /// <summary>Whether <see cref="Backward"/> takes <see cref="LogitGradients"/> for the gradient of the features, which then is empty.</summary>
    private protected virtual bool ReadsLogitGradients(ulong? dropoutKey) => false;

    /// <summary>The gradient of the logits <c>[targets, outputs]</c>, where that of the features is not made; else empty.</summary>
    private protected Memory<float> LogitGradients { get; private set; }

    /// <summary>From features to logits.</summary>
    private protected OutputHead Head => head;

    /// <summary>What the head reads of every target, <c>[targets, its input size]</c>, with the dropout of a key or none; must reset the workspace first.</summary>
    private protected abstract Memory<float> Features(ulong? dropoutKey);

    /// <summary>From the gradient of the features, which it may change, to those of the parameters, added to <paramref name="gradients"/>.</summary>
    private protected abstract void Backward(Memory<float> dFeatures, ulong? dropoutKey, Span<float> gradients);

    /// <summary>The key of one place that draws dropout masks.</summary>
    private protected static ulong? SiteKey(ulong? dropoutKey, ulong site) => dropoutKey is { } key ? RandomSource.Key(key, site) : null;

    private void RequireTrace()
    {
        if (!KeepsTrace) throw new InvalidOperationException("The pass keeps no trace: nothing can be computed backward.");
    }

    /// <summary>Zeroes the gradient of all logits but those of one step of each row, the last or first with a target; returns which.</summary>
    private int[] KeepOneStep(Span<float> dLogits, SequenceLayout layout, bool first)
    {
        int[] kept = new int[layout.Rows];
        for (int row = 0; row < layout.Rows; row++)
        {
            IEnumerable<int> steps = Enumerable.Range(0, layout.Lengths[row]);
            if (!first) steps = steps.Reverse();
            int at = row;
            kept[row] = steps.FirstOrDefault(t => _targets[layout.OffsetAt(t) + at] >= 0);
            for (int t = 0; t < layout.Lengths[row]; t++)
                if (t != kept[row]) dLogits.Slice((layout.OffsetAt(t) + row) * head.Outputs, head.Outputs).Clear();
        }

        return kept;
    }

    /// <summary>Makes room for <paramref name="count"/> targets, to be filled in the order of the logits.</summary>
    private protected Span<int> ReserveTargets(int count)
    {
        if (_targets.Length < count) _targets = new int[Math.Max(count, 2 * _targets.Length)];
        _count = count;
        return _targets.AsSpan(0, count);
    }
}
