using System.Collections.Concurrent;
using Rnn.Data;
using Rnn.Kernels;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>
/// A network that learns from examples: weights, and how many logits it gives for a target.
/// Holds weights only and may be shared by threads while nobody changes them; what a pass needs belongs to a <see cref="NetworkPass"/>.
/// </summary>
public abstract class Network
{
    private IPackable[] _packables = [];

    /// <summary>All weights; zero until <see cref="Initialize"/> draws them or a file fills them.</summary>
    public ParameterSet Parameters { get; } = new();

    /// <summary>The shape.</summary>
    public abstract NetworkConfig Config { get; }

    /// <summary>Logits per target: classes (C) or the tokens of a vocabulary (V).</summary>
    public abstract int Outputs { get; }

    /// <summary>Whether its targets are the tokens of a text, not classes.</summary>
    public virtual bool EmitsTokens => false;

    /// <summary>Floats of one row's state that is carried from one window of a stream to the next; 0 where nothing is.</summary>
    public virtual int CarriedStateSize => 0;

    /// <summary>How many independent parts <see cref="Pack(int, bool)"/> has.</summary>
    public int PackParts => _packables.Length;

    /// <summary>Passes that measured the network and will do so again: at every epoch, large arrays would be made and wait for the collector.</summary>
    internal ConcurrentStack<NetworkPass> IdlePasses { get; } = [];

    /// <summary>Memory of the embeddings that packing folded into the input products.</summary>
    internal long FoldedBytes => _packables.OfType<StackReader>().Sum(reader => reader.SizeInBytes);

    /// <summary>Draws all weights from <paramref name="seed"/>.</summary>
    public abstract void Initialize(ulong seed);

    /// <summary>Buffers for one thread's passes.</summary>
    public abstract NetworkPass CreatePass();

    /// <summary>Begins a text, for an input where the network reads one (vector or source).</summary>
    /// <exception cref="NotSupportedException">The network does not emit tokens.</exception>
    /// <exception cref="ArgumentNullException">It needs an input.</exception>
    public virtual TokenDecoder CreateDecoder(Sequence? input) => throw new NotSupportedException("Only networks that emit tokens generate text.");

    /// <summary>Packs one part of the weights for products; all parts must be packed again after a change of the weights.</summary>
    public void Pack(int part, bool training) => _packables[part].Pack(training);

    /// <summary>Packs all weights; in another precision than fp32 only to answer.</summary>
    public void Pack(bool training, WeightPrecision precision = WeightPrecision.Fp32)
    {
        if (training && precision != WeightPrecision.Fp32) throw new ArgumentException("Training is done in fp32.", nameof(precision));
        foreach (IPackable layer in _packables) layer.Pack(training, precision);
    }

    /// <summary>Scales the head in a buffer laid out like the parameters, so that every logit is multiplied by <paramref name="factor"/>.</summary>
    /// <exception cref="NotSupportedException">The network emits tokens.</exception>
    public virtual void ScaleLogits(Span<float> values, float factor) => throw new NotSupportedException("Only networks whose targets are classes are calibrated.");

    /// <summary>Lays out the declared parameters; the last thing a constructor does.</summary>
    private protected void Complete(params IEnumerable<IPackable> layers)
    {
        _packables = [.. layers];
        Parameters.Allocate();
    }
}
