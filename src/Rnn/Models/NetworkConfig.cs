using System.Text.Json.Serialization;

namespace Rnn.Models;

/// <summary>The shape of a network: all that fixes its parameters and its mathematics. As JSON it carries the name of its kind.</summary>
[JsonDerivedType(typeof(VectorClassifierConfig), "vector_classifier")]
[JsonDerivedType(typeof(CaptionerConfig), "captioner")]
[JsonDerivedType(typeof(SequenceClassifierConfig), "sequence_classifier")]
[JsonDerivedType(typeof(SequenceLabelerConfig), "sequence_labeler")]
[JsonDerivedType(typeof(TranslatorConfig), "translator")]
[JsonDerivedType(typeof(LanguageModelConfig), "language_model")]
public abstract record NetworkConfig
{
    /// <summary>A network of this shape; its weights are zero.</summary>
    /// <exception cref="ArgumentException">The parts of the shape do not fit each other.</exception>
    public abstract Network Build();
}
