using System.Collections.Concurrent;
using System.Numerics.Tensors;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Rnn.Layers;
using Rnn.Models;

namespace Rnn.Benchmarks;

/// <summary>The service's <c>classify</c> as one would write it around ONNX Runtime: source-generated JSON, the model's own tokenizer, one session, buffers that are kept.</summary>
internal static class OnnxServer
{
    public static async Task<int> RunAsync(string url, string weights)
    {
        using var file = File.OpenRead(weights);
        var model = TrainedModel.Load(file);
        using var session = OnnxLstm.Session(model.Network, stepwise: false);
        var buffers = new ConcurrentDictionary<int, ConcurrentBag<OnnxClassifier>>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        var app = builder.Build();
        app.MapPost("/classify", async (HttpContext http) =>
        {
            var request = (await JsonSerializer.DeserializeAsync(http.Request.Body, OnnxJson.Default.OnnxRequest, http.RequestAborted))!;
            var predictions = new List<OnnxPrediction>(request.Inputs.Count);
            foreach (var text in request.Inputs)
            {
                var sequence = model.Codec.Encode(text);
                var bag = buffers.GetOrAdd(sequence.Steps, static _ => []);
                if (!bag.TryTake(out var classifier)) classifier = new OnnxClassifier(session, model.Network.Outputs, sequence.Steps, rows: 1);
                predictions.Add(Verdict(model.Codec.Labels, classifier.Classify([sequence])));
                bag.Add(classifier);
            }

            return Results.Json(new OnnxResponse("bench", 1, predictions), OnnxJson.Default.OnnxResponse);
        });
        await app.RunAsync();
        return 0;
    }

    private static OnnxPrediction Verdict(IReadOnlyList<string> labels, ReadOnlySpan<float> logits)
    {
        var probabilities = new float[logits.Length];
        CrossEntropy.Softmax(logits, probabilities);
        var scores = new Dictionary<string, float>(probabilities.Length);
        for (var i = 0; i < probabilities.Length; i++) scores[labels[i]] = probabilities[i];
        var best = TensorPrimitives.IndexOfMax<float>(probabilities);
        return new OnnxPrediction(labels[best], probabilities[best], scores);
    }
}

/// <summary>The body of a request.</summary>
internal sealed record OnnxRequest(IReadOnlyList<string> Inputs);

/// <summary>The body of an answer, as the service has it.</summary>
internal sealed record OnnxResponse(string Model, int Version, IReadOnlyList<OnnxPrediction> Predictions);

/// <summary>The verdict on one input.</summary>
internal sealed record OnnxPrediction(string Label, float Score, IReadOnlyDictionary<string, float> Scores);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OnnxRequest))]
[JsonSerializable(typeof(OnnxResponse))]
internal sealed partial class OnnxJson : JsonSerializerContext;
