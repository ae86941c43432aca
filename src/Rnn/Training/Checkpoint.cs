using System.Text.Json;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>The scalars a run goes on from.</summary>
/// <param name="Step">Updates done.</param>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Batch">Batches of the running epoch done; their order follows from seed and epoch.</param>
/// <param name="LossSum">Sum of the epoch's losses so far, target by target.</param>
/// <param name="Weight">What their mean divides by.</param>
/// <param name="Correct">Targets of the epoch answered right so far.</param>
/// <param name="Targets">Targets of the epoch seen so far.</param>
/// <param name="NormSum">Sum of the epoch's gradient norms so far.</param>
/// <param name="BestLoss">Lowest validation loss so far; null before the first epoch's end.</param>
/// <param name="BestEpoch">The epoch that reached it.</param>
/// <param name="Stopped">Whether early stopping ended the run.</param>
/// <param name="Plateau">Factor on the learning rate while the schedule is <see cref="ScheduleKind.Plateau"/>, and what it follows from.</param>
/// <param name="LossTrend">Mean training loss of the last few updates.</param>
/// <param name="Rescues">How often the run diverged and went back; each halves the learning rate.</param>
public sealed record TrainingState(long Step, int Epoch, int Batch, double LossSum, double Weight, long Correct, long Targets, double NormSum, double? BestLoss, int BestEpoch, bool Stopped, Plateau Plateau, double LossTrend, int Rescues);

/// <summary>
/// Everything the next step depends on: weights, the optimizer's buffers, the best weights, carried states and the scalars. Random numbers need no state: they are counted, not drawn.
/// A copy: it may be written while training goes on, until the run makes its next one. Stored as safetensors.
/// </summary>
public sealed class Checkpoint
{
    private const string StateKey = "training_state";
    private const string SavePointKey = "save_point_state";

    // A missing scalar would silently be zero, and the run go on from somewhere else.
    private static readonly JsonSerializerOptions s_complete = new() { RespectRequiredConstructorParameters = true };

    private Checkpoint(TrainingState state, TrainingState? savePoint, IReadOnlyList<SafeTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        State = state;
        SavePoint = savePoint;
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>The scalars.</summary>
    public TrainingState State { get; }

    /// <summary>The scalars of the point that the run would go back to if it diverged; null where that is this checkpoint.</summary>
    internal TrainingState? SavePoint { get; }

    /// <summary>What the host stored beside it (tokenizer, labels).</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    internal IReadOnlyList<SafeTensor> Tensors { get; }

    /// <summary>Writes it as safetensors, with metadata of the host's own.</summary>
    public void Write(Stream stream, IReadOnlyDictionary<string, string> metadata) =>
        SafeTensors.Write(stream, Tensors, States(metadata));

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not a checkpoint.</exception>
    public static Checkpoint Read(Stream stream)
    {
        SafeTensorsFile file = SafeTensors.Read(stream);
        if (!file.Metadata.TryGetValue(StateKey, out string? state)) throw new InvalidDataException("The file is not a checkpoint: it has no training state.");
        return new Checkpoint(ReadState(state), file.Metadata.TryGetValue(SavePointKey, out string? savePoint) ? ReadState(savePoint) : null, [.. file.Tensors.Values], file.Metadata);
    }

    private Dictionary<string, string> States(IReadOnlyDictionary<string, string> metadata)
    {
        var all = new Dictionary<string, string>(metadata) { [StateKey] = JsonSerializer.Serialize(State) };
        if (SavePoint is not null) all[SavePointKey] = JsonSerializer.Serialize(SavePoint);
        return all;
    }

    private static TrainingState ReadState(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<TrainingState>(json, s_complete) ?? throw new InvalidDataException("The file is not a checkpoint: its training state is null.");
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"The file is not a checkpoint: its training state cannot be read ({malformed.Message})", malformed);
        }
    }

    /// <summary>Of tensors that nobody changes any more.</summary>
    internal static Checkpoint Of(TrainingState state, TrainingState? savePoint, IReadOnlyList<SafeTensor> tensors) => new(state, savePoint, tensors, new Dictionary<string, string>());

    internal SafeTensorsFile ToFile() => new(Metadata, Tensors.ToDictionary(tensor => tensor.Name));
}
