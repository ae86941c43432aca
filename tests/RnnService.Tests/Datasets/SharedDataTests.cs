using System.Net;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage.Examples;
using RnnService.TrainingJobs;

namespace RnnService.Tests.Datasets;

/// <summary>
/// The real training files of every task, in the folder the environment variable <c>RNN_DATA</c> names or, without it, in a folder
/// <c>shared/data</c> beside the checkout or above it.
/// </summary>
public sealed class SharedDataTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    [Theory]
    [InlineData("frames_gesture_phase/gesture_phase_train.jsonl", "sequence_labeling", 42, 5, 50)]
    [InlineData("one_to_many_names/names_train.jsonl", "captioning", 16_212, 0, 18)]
    [InlineData("one_to_many_restaurant/restaurant_train.jsonl", "captioning", 3_114, 0, 46)]
    [InlineData("one_to_one_iris/iris_train.csv", "vector_classification", 105, 3, 4)]
    [InlineData("one_to_one_iris/iris_train.jsonl", "vector_classification", 105, 3, 4)]
    [InlineData("one_to_one_wine/wine_train.csv", "vector_classification", 125, 3, 13)]
    [InlineData("one_to_one_wine/wine_train.jsonl", "vector_classification", 125, 3, 13)]
    [InlineData("sentiment_mr/mr_train.csv", "sequence_classification", 8_662, 2, null)]
    [InlineData("seqclass_japanese_vowels/japanese_vowels_train.jsonl", "sequence_classification", 270, 9, 12)]
    [InlineData("tagging_ud_english_ewt/ewt_pos_train.jsonl", "sequence_labeling", 12_544, 17, null)]
    [InlineData("text_tinyshakespeare/tinyshakespeare_train.txt", "language_modeling", 35_526, 0, null)]
    [InlineData("translation_multi30k_de_en/multi30k_de_en_train.jsonl", "translation", 29_000, 0, null)]
    [InlineData("translation_tatoeba_en_ko/en_ko_train.jsonl", "translation", 3_075, 0, null)]
    public async Task A_real_file_is_stored_whole(string file, string task, int rows, int labels, int? features)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var path = Path.Combine(Root(), file);
        Assert.SkipUnless(File.Exists(path), $"there is no file {path}; RNN_DATA names another folder");
        var bytes = await File.ReadAllBytesAsync(path, cancellation);
        var response = await fixture.Client.UploadAsync(Path.GetFileName(path), bytes, Path.GetFileName(path), task);
        var dataset = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, dataset.ToString());
        Assert.Equal(rows, dataset.GetProperty("rows").GetInt32());
        Assert.Equal(bytes.Length, dataset.GetProperty("bytes").GetInt32());
        Assert.Equal(labels, dataset.GetProperty("labels").EnumerateObject().Count());
        Assert.Equal(features?.ToString() ?? "null", dataset.GetProperty("feature_size").GetRawText());
        Assert.Equal(bytes, await fixture.Client.GetByteArrayAsync($"/api/v1/datasets/{dataset.Text("id")}/content", cancellation));

        await using var context = fixture.Service.Context();
        var stored = context.Datasets.Single(row => row.Name == Path.GetFileName(path));
        var reader = fixture.Service.App.Services.GetRequiredService<DatasetReader>();
        Assert.Equal(rows, reader.Read(stored, cancellation).Count());
        if (task == "language_modeling")
            Assert.Equal(await File.ReadAllTextAsync(path, cancellation), string.Concat(JobRows.Read(reader, stored).Texts));
    }

    internal static string Root()
    {
        if (Environment.GetEnvironmentVariable("RNN_DATA") is { Length: > 0 } given)
            return given;
        for (var directory = new DirectoryInfo(HouseTests.Root()).Parent; directory is not null; directory = directory.Parent)
        {
            var data = Path.Combine(directory.FullName, "shared", "data");
            if (Directory.Exists(data))
                return data;
        }
        return Path.Combine("shared", "data");
    }
}
