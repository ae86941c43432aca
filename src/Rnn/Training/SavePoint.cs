using System.Runtime.InteropServices;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>A copy of everything the next step depends on, in buffers of its own that are used again: what a run that diverged goes back to.</summary>
internal sealed class SavePoint
{
    private const string CarriedStates = "carried_states";
    private const string Prefix = "save_point/";

    private readonly ParameterSet _parameters;
    private readonly (string Prefix, Memory<float> Live, float[] Saved)[] _buffers;
    private readonly float[] _liveCarried;
    private readonly float[] _carried;
    // By the prefix of their tensors. Large arrays lie about until the collector comes by, so one checkpoint's are the next one's.
    private readonly Dictionary<string, float[]> _copies = [];

    /// <param name="parameters">The shape of all buffers.</param>
    /// <param name="buffers">The live buffers, laid out like the parameters, with the prefix of their tensors' names.</param>
    /// <param name="carriedStates">The live states of a stream.</param>
    /// <param name="state">The scalars at the beginning.</param>
    public SavePoint(ParameterSet parameters, IEnumerable<(string Prefix, Memory<float> Buffer)> buffers, float[] carriedStates, TrainingState state)
    {
        _parameters = parameters;
        _buffers = [.. buffers.Select(buffer => (buffer.Prefix, buffer.Buffer, new float[buffer.Buffer.Length]))];
        (_liveCarried, _carried) = (carriedStates, new float[carriedStates.Length]);
        State = state;
    }

    /// <summary>The scalars as of the point.</summary>
    public TrainingState State { get; private set; }

    /// <summary>Floats held.</summary>
    public long Length => _buffers.Sum(buffer => (long)buffer.Saved.Length) + _carried.Length;

    /// <summary>Moves the point to here.</summary>
    public void Take(TrainingState state)
    {
        State = state;
        foreach ((_, Memory<float> live, float[] saved) in _buffers) live.Span.CopyTo(saved);
        _liveCarried.CopyTo(_carried, 0);
    }

    /// <summary>Makes the live buffers what they were; <paramref name="state"/> replaces the scalars.</summary>
    public void Return(TrainingState state)
    {
        State = state;
        foreach ((_, Memory<float> live, float[] saved) in _buffers) saved.CopyTo(live);
        _carried.CopyTo(_liveCarried, 0);
    }

    /// <summary>
    /// A copy of the live buffers, and of the point where it is another: a run that goes on from it takes the same road, diverged or not.
    /// It stays what it is until the next one is made.
    /// </summary>
    public Checkpoint ToCheckpoint(TrainingState state)
    {
        bool isHere = state == State;
        IEnumerable<SafeTensor> tensors = Copies("", _liveCarried, static buffer => buffer.Live);
        return Checkpoint.Of(state, isHere ? null : State, [.. isHere ? tensors : tensors.Concat(Copies(Prefix, _carried, static buffer => buffer.Saved))]);
    }

    /// <summary>Fills the live buffers from a checkpoint and moves the point to where the checkpoint's was.</summary>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another model.</exception>
    public void Load(Checkpoint checkpoint)
    {
        SafeTensorsFile file = checkpoint.ToFile();
        if (checkpoint.SavePoint is { } point)
        {
            Fill(file, Prefix);
            Take(point);
        }

        Fill(file, "");
        if (checkpoint.SavePoint is null) Take(checkpoint.State);
    }

    private void Fill(SafeTensorsFile file, string before)
    {
        foreach ((string prefix, Memory<float> live, _) in _buffers) _parameters.CopyFrom(file, live, before + prefix);
        file.Values(before + CarriedStates, [_liveCarried.Length]).CopyTo(_liveCarried);
    }

    private IEnumerable<SafeTensor> Copies(string before, float[] carried, Func<(string Prefix, Memory<float> Live, float[] Saved), Memory<float>> values) =>
    [
        SafeTensor.OfFloats(before + CarriedStates, [carried.Length], Copy(before + CarriedStates, carried)),
        .. _buffers.SelectMany(buffer => _parameters.AsTensors(Copy(before + buffer.Prefix, values(buffer)), before + buffer.Prefix)),
    ];

    private float[] Copy(string name, ReadOnlyMemory<float> values)
    {
        ref float[]? copy = ref CollectionsMarshal.GetValueRefOrAddDefault(_copies, name, out _);
        copy ??= new float[values.Length];
        values.CopyTo(copy);
        return copy;
    }
}
