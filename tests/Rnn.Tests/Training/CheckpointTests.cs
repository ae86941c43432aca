using Rnn.Tensors;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>What a damaged or foreign file is answered with: the host falls back to an older checkpoint on exactly this exception.</summary>
public sealed class CheckpointTests
{
    private const string Complete = """{"Step":7,"Epoch":1,"Batch":2,"LossSum":3.5,"Weight":4.5,"Correct":4,"Targets":5,"NormSum":6.5,"BestLoss":null,"BestEpoch":0,"Stopped":false,"Plateau":{"Rate":0.5,"Best":1.5,"Bad":1,"Cooling":0},"LossTrend":1.25,"Rescues":2}""";

    [Fact]
    public void A_complete_training_state_is_read() =>
        Assert.Equal(new TrainingState(7, 1, 2, 3.5, 4.5, 4, 5, 6.5, null, 0, false, new Plateau(0.5, 1.5, 1), 1.25, 2), Read(Complete).State);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1,2]")]
    [InlineData("{\"Step\":7,")]
    [InlineData("{\"Step\":\"seven\"}")]
    public void A_malformed_training_state_is_invalid_data(string state)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(state));
        Assert.Contains("training state", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_training_state_that_lacks_one_number_is_invalid_data() =>
        Assert.Throws<InvalidDataException>(() => Read(Complete.Replace("\"Step\":7,", "", StringComparison.Ordinal)));

    private static Checkpoint Read(string state)
    {
        using var file = new MemoryStream();
        SafeTensors.Write(file, [SafeTensor.OfFloats("weights/w", [1], new float[] { 1 })], new Dictionary<string, string> { ["training_state"] = state });
        file.Position = 0;
        return Checkpoint.Read(file);
    }

    [Fact]
    public void Tensors_without_a_training_state_are_no_checkpoint()
    {
        using var file = new MemoryStream();
        SafeTensors.Write(file, [SafeTensor.OfFloats("weights/w", [1], new float[] { 1 })], new Dictionary<string, string> { ["host"] = "job-1" });
        file.Position = 0;
        Assert.Contains("no training state", Assert.Throws<InvalidDataException>(() => Checkpoint.Read(file)).Message, StringComparison.Ordinal);
    }
}
