using System.Text.Json;
using Rnn.Cells;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Tests.Cells;

/// <summary>Which biases a forget bias sets, and to what.</summary>
public sealed class ForgetBiasTests
{
    private const int Hidden = 800;
    private const int Lag = 101;

    private static (float[][] InputBlocks, float[] Recurrent) Biases(CellKind kind, ForgetBias bias)
    {
        var parameters = new ParameterSet();
        var cell = RecurrentCell.Create(kind, parameters, "", "_l0", 1, Hidden);
        parameters.Allocate();
        parameters.Values.Span.Fill(float.NaN);
        var random = new RandomSource(3);
        cell.Initialize(RecurrentInit.Identity, bias, ref random);
        Assert.DoesNotContain(float.NaN, parameters.Values.ToArray());
        float[] Of(string name) => parameters.Parameters.Single(p => p.Name == name).Values.ToArray();
        return ([.. Of("bias_ih_l0").Chunk(Hidden)], Of("bias_hh_l0"));
    }

    [Theory]
    [InlineData(CellKind.Lstm, 1)]
    [InlineData(CellKind.Gru, 1)]
    public void Chrono_draws_a_memory_of_another_length_for_every_unit(CellKind kind, int keeping)
    {
        var (blocks, recurrent) = Biases(kind, ForgetBias.Chrono(Lag));
        double[] lengths = [.. blocks[keeping].Select(b => Math.Exp(b))];
        Assert.InRange(lengths.Min(), 1, 2);
        Assert.InRange(lengths.Max(), Lag - 2, Lag - 1 + 1e-3);
        Assert.Equal(Lag / 2.0, lengths.Average(), 2.5);
        for (var gate = 0; gate < blocks.Length; gate++)
        {
            if (gate == keeping) continue;
            var want = kind == CellKind.Lstm && gate == 0 ? blocks[keeping].Select(b => -b) : blocks[gate].Select(_ => 0f);
            Assert.Equal(want, blocks[gate]);
        }

        Assert.All(recurrent, b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_number_is_the_forget_gates_of_the_lstm_alone()
    {
        var (blocks, recurrent) = Biases(CellKind.Lstm, 1.5f);
        Assert.All(blocks[1], b => Assert.Equal(1.5f, b));
        Assert.All([.. blocks[0], .. blocks[2], .. blocks[3], .. recurrent], b => Assert.Equal(0, b));
        foreach (var kind in new[] { CellKind.Gru, CellKind.RnnTanh, CellKind.RnnRelu })
            Assert.All(Biases(kind, 1.5f).InputBlocks.SelectMany(b => b), b => Assert.Equal(0, b));
        Assert.All(Biases(CellKind.RnnTanh, ForgetBias.Chrono(Lag)).InputBlocks[0], b => Assert.Equal(0, b));
    }

    [Fact]
    public void It_goes_through_json_and_a_number_stays_a_number()
    {
        var config = new CaptionerConfig { FeatureSize = 2, VocabularySize = 9, Begin = 1, End = 2, EmbeddingSize = 4, HiddenSize = 4 };
        foreach (var (bias, text) in new (ForgetBias, string)[] { (1, "1"), (-0.5f, "-0.5"), (ForgetBias.Chrono(400), """{"chrono":400}""") })
        {
            var json = JsonSerializer.Serialize(config with { ForgetBias = bias });
            Assert.Contains($"\"ForgetBias\":{text}", json, StringComparison.Ordinal);
            Assert.Equal(bias, JsonSerializer.Deserialize<CaptionerConfig>(json)!.ForgetBias);
        }

        Assert.Equal(1, config.ForgetBias);
    }

    [Theory]
    [InlineData("\"chrono\"")]
    [InlineData("""{"chrono":2}""")]
    [InlineData("""{"chrono":"9"}""")]
    [InlineData("""{"lag":9}""")]
    [InlineData("true")]
    public void Other_json_is_refused(string json)
    {
        var error = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<ForgetBias>(json));
        Assert.Contains("""a number or {"chrono": steps}""", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lag_that_leaves_nothing_to_draw_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => ForgetBias.Chrono(2));

    /// <summary>Each gate has H outputs: the bound does not shrink with the number of gates.</summary>
    [Theory]
    [InlineData(CellKind.RnnRelu)]
    [InlineData(CellKind.Gru)]
    [InlineData(CellKind.Lstm)]
    public void Input_weights_are_glorots_gate_by_gate(CellKind kind)
    {
        const int Inputs = 40, Units = 60;
        var parameters = new ParameterSet();
        var cell = RecurrentCell.Create(kind, parameters, "", "_l0", Inputs, Units);
        parameters.Allocate();
        var random = new RandomSource(3);
        cell.Initialize(RecurrentInit.Orthogonal, 1, ref random);
        var bound = Math.Sqrt(6.0 / (Inputs + Units));
        var blocks = parameters.Parameters.Single(p => p.Name == "weight_ih_l0").Values.ToArray().Chunk(Units * Inputs).ToArray();
        Assert.Equal(cell.Gates, blocks.Length);
        Assert.All(blocks, block => Assert.InRange(block.Max(Math.Abs), 0.98 * bound, bound));
        for (var gate = 1; gate < blocks.Length; gate++) Assert.NotEqual(blocks[0], blocks[gate]);
    }
}
